#!/bin/sh
# Data and configuration stay: the ledger is evidence.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl --no-reload disable --now tandem.service || true
fi
