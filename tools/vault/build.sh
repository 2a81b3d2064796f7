#!/usr/bin/env bash
# Prints the path of a real HashiCorp Vault server (>= 1.21) for the tests, and builds one if there is none.
#
# Taken in this order: $TANDEM_TEST_VAULT, `vault` on PATH, the cache. The path is the only line on stdout;
# progress goes to stderr. The package custody/vault/vaulttest looks in the same three places. The plug-ins that the
# tests register with it are built too (plugins.sh).
set -euo pipefail

readonly version=1.21.4 oldest=1.21
# No released sdk fits Vault; README.md says what is taken from which.
readonly sdk=github.com/hashicorp/vault/sdk sdk_base=v0.21.0 sdk_newer=v0.24.0

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tandem/vault-$version-minimal
binary=$cache/vault

say() { echo "vault: $*" >&2; }
fail() { say "$*"; exit 1; }

recent_enough() { # PATH-OF-VAULT
    local have
    have=$("$1" version 2>/dev/null | sed -n 's/^Vault v\([0-9.]*\).*/\1/p')
    [[ -n $have && $(printf '%s\n' "$oldest" "$have" | sort -V | head -n 1) == "$oldest" ]]
}

"$here/plugins.sh"

if [[ -n ${TANDEM_TEST_VAULT:-} ]]; then
    [[ $TANDEM_TEST_VAULT == /* && -x $TANDEM_TEST_VAULT ]] ||
        fail "TANDEM_TEST_VAULT=$TANDEM_TEST_VAULT is not the absolute path of a program"
    echo "$TANDEM_TEST_VAULT"
    exit
fi
if on_path=$(command -v vault) && recent_enough "$on_path"; then
    echo "$on_path"
    exit
fi
if [[ -x $binary ]]; then
    echo "$binary"
    exit
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
if ! flock -n 9; then
    say "another build is running, waiting for it"
    flock -w 3600 9 || fail "no end of the other build after an hour"
fi
if [[ -x $binary ]]; then # the other build made it
    echo "$binary"
    exit
fi

rm -rf "$cache"/build.* # what a killed build left; we hold the lock
scratch=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# Nothing of the caller's environment may change what is built. Versions and hashes are those of go.mod and go.sum.
export GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0

say "building $version into $cache, once; about 5 minutes on 2 cores"
cd "$here"
go mod download "$sdk@$sdk_base" "$sdk@$sdk_newer"
modules=$(go env GOMODCACHE)
cp -r "$modules/$sdk@$sdk_base" "$scratch/sdk"
chmod -R u+w "$scratch/sdk"
cp "$modules/$sdk@$sdk_newer/helper/keysutil/lock_manager.go" "$scratch/sdk/helper/keysutil/"
sed -i 's/\(ActivationFunc func(context\.Context, \*logical\.Request\), string)/\1)/' "$scratch/sdk/framework/backend.go"

cp go.mod go.sum main.go "$scratch/"
cd "$scratch"
go mod edit -replace "$sdk=./sdk"

report() { # go build -v names one package a line, and everything with a space in it is a message
    local line done=0
    while read -r line; do
        if [[ $line == *' '* ]]; then
            [[ $line == 'go: downloading '* ]] || echo "$line" >&2
        elif ((++done % 200 == 0)); then
            say "$done packages compiled"
        fi
    done
}
nice -n 5 go build -v -tags minimal -trimpath -buildvcs=false -ldflags '-s -w' -o vault . 2>&1 | report

recent_enough ./vault || fail "what was built does not start: $(./vault version 2>&1 | head -n 1)"
mv vault "$binary"
say "done in $((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$binary"
