#!/usr/bin/env bash
# usage: tools/inmemory.sh COMMAND [ARG...]
# Runs the command with its temporary files in memory, where there is room, and removes them. Tests sync small files all
# the time, and wait for the disk more than for anything else; none of them takes the power away.
set -uo pipefail

readonly need=$((4 << 20)) # KiB, of the file system and of memory

roomy() {
    [[ $(stat -f -c %T /dev/shm 2>/dev/null) == tmpfs ]] &&
        (($(df -k --output=avail /dev/shm | tail -n 1) > need)) &&
        (($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) > 2 * need))
}

if ! roomy || ! memory=$(mktemp -d /dev/shm/tandem.XXXXXX); then
    exec "$@"
fi
trap 'rm -rf "$memory"' EXIT
chmod 755 "$memory" # servers run as users of their own
# What is built is read once: it stays on the disk.
export GOTMPDIR=${GOTMPDIR:-${TMPDIR:-/tmp}} TMPDIR=$memory
printf '#!/bin/sh\n' >"$memory/probe" && chmod 755 "$memory/probe"
"$memory/probe" 2>/dev/null || export TMPDIR=$GOTMPDIR # mounted noexec: tests run programs that they wrote
rm "$memory/probe"
"$@"
