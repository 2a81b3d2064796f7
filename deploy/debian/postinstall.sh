#!/bin/sh
# Nothing is started: whoever installs it has to say first where secrets are kept, and what
# the ledger is called, which can never change. A server that runs is not restarted either:
# an upgrade is looked at first (docs/install.md).
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
fi
