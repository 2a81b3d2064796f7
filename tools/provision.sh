#!/usr/bin/env bash
# Installs what the tests need beside Go: a C compiler (for SQLite), the servers whose passwords are changed
# (OpenSSH with sudo, PostgreSQL with PgBouncer, MariaDB, OpenLDAP, Samba), a browser, a Chinese font and a reader for PDF, the real Vault.
#
# As root on Debian or Ubuntu it installs what is missing; otherwise it names that and fails. No service is started.
# It says nothing when everything is there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin # where sshd is, also for a user whose PATH leaves them out

say() { echo "provision: $*" >&2; }
have() { command -v "$1" >/dev/null; }

missing=()
have "${CC:-gcc}" || missing+=(gcc)
[[ -e /usr/include/stdlib.h ]] || missing+=(libc6-dev)
have sshd || missing+=(openssh-server)
have sudo || missing+=(sudo)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
have pgbouncer || missing+=(pgbouncer)
have mariadbd || missing+=(mariadb-server)
have slapd || missing+=(slapd)
have ldapadd || missing+=(ldap-utils)
# Of a domain controller no more than its directory, without winbind; later releases have that in a package of its own.
have samba || missing+=("$(grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release && echo samba || echo samba-ad-dc)")
[[ -e /usr/share/samba/setup/provision.ldif ]] || missing+=(samba-ad-provision)
compgen -G '/usr/lib/*/samba/ldb/samldb.so' >/dev/null || missing+=(samba-dsdb-modules)
have chromium || have chromium-browser || have google-chrome || missing+=(chromium)
[[ -n $(fc-list :lang=zh-cn family 2>/dev/null) ]] || missing+=(fonts-wqy-zenhei fontconfig)
have pdftotext || missing+=(poppler-utils)
[[ -e /usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf ]] || missing+=(fonts-droid-fallback)

install() { # PACKAGE...
    # A package that brings a service must not start it: an sshd of ours on port 22 is nobody's wish.
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    say "installing $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq -o Acquire::Retries=3 update >&2
    apt-get -qq -o Acquire::Retries=3 -y --no-install-recommends install "$@" >&2
}

if ((${#missing[@]})); then
    if ((EUID != 0)) || ! have apt-get; then
        say "the tests need these packages (Debian's names): ${missing[*]}"
        say "install them, for instance with: sudo apt-get install ${missing[*]}"
        exit 1
    fi
    install "${missing[@]}"
fi

"$here/vault/build.sh" >/dev/null
