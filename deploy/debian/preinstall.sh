#!/bin/sh
# The user that Tandem runs as. It owns /var/lib/tandem, which systemd makes, and nothing else.
set -e
if ! getent passwd tandem >/dev/null; then
	adduser --system --group --home /var/lib/tandem --no-create-home --quiet tandem
fi
