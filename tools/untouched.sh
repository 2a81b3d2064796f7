#!/usr/bin/env bash
# usage: tools/untouched.sh COMMAND [ARG...]
# Runs the command, and fails if the machine's own accounts changed meanwhile: tests have accounts of their own.
set -uo pipefail

# Names, inodes, sizes and times: also of what only root may read.
accounts() { stat -c '%n %i %s %Y %Z' /etc/{passwd,shadow,group,gshadow,subuid,subgid,sudoers,sudoers.d,sudoers.d/*} 2>/dev/null; }

before=$(accounts)
"$@"
status=$?
if ! changed=$(diff <(echo "$before") <(accounts)); then
    echo "untouched: the accounts of this machine changed while this ran: $*" >&2
    echo "$changed" >&2
    exit 1
fi
exit $status
