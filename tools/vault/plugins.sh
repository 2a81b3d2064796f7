#!/usr/bin/env bash
# Builds the plug-ins that the tests of Vault's own engines register with it, once, into the cache:
# the LDAP engine and the PostgreSQL plug-in of the database engine. The minimal Vault has neither.
#
# The package custody/vault/vaulttest looks for them there. Nothing is printed on stdout; progress goes to stderr.
set -euo pipefail

readonly openldap=github.com/hashicorp/vault-plugin-secrets-openldap/cmd/vault-plugin-secrets-openldap
readonly postgresql=github.com/hashicorp/vault/plugins/database/postgresql/postgresql-database-plugin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tandem/vault-plugins

say() { echo "vault plug-ins: $*" >&2; }

build() { # MODULE-FOLDER PACKAGE NAME-IN-CACHE
    [[ -x $cache/$3 ]] && return
    say "building $3 into $cache, once; about a minute on 2 cores"
    local scratch=$cache/build.$BASHPID.$3
    (cd "$1" && nice -n 5 go build -tags minimal -trimpath -buildvcs=false -ldflags '-s -w' -o "$scratch" "$2") >&2
    mv "$scratch" "$cache/$3"
}

# Nothing of the caller's environment may change what is built. Versions and hashes are those of go.mod and go.sum.
export GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0

mkdir -p "$cache"
exec 9>"$cache/lock"
flock -w 3600 9 || { say "no end of another build after an hour"; exit 1; }
rm -f "$cache"/build.* # what a killed build left; we hold the lock
build "$here/openldap" $openldap openldap-0.17.0
build "$here" $postgresql postgresql-database-plugin-1.21.4
