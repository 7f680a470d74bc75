#!/usr/bin/env bash
# Installs what the test lab needs: Samba AD DC, OpenLDAP, their tools, openssl, systemd's tools.
# The only file of the lab that calls apt. Runs again at no cost; no daemon is started and no
# package is touched that is already there.
set -euo pipefail

packages=(
  samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules
  python3-samba python3-markdown ldb-tools tdb-tools
  slapd ldap-utils openssl systemd python3
)

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
command -v dpkg-query >/dev/null || { echo "lab:install: only Debian and its children are supported (no dpkg here)" >&2; exit 1; }
for package in "${packages[@]}"; do installed "$package" || missing+=("$package"); done

if [ "${#missing[@]}" -eq 0 ]; then
  echo "lab:install: everything is there"
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "lab:install: missing ${missing[*]}; run as root to install them" >&2
  exit 1
fi

log=$(mktemp "${TMPDIR:-/tmp}/lab-install.XXXXXX")
policy=/usr/sbin/policy-rc.d
made_policy=
cleanup() { if [ -n "$made_policy" ]; then rm -f "$policy"; fi; }
trap cleanup EXIT
trap 'exit 130' INT TERM

# Debian starts a daemon as soon as it is installed, unless policy-rc.d answers 101 (forbidden).
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  made_policy=1
fi

step() {
  local what=$1; shift
  if ! "$@" >>"$log" 2>&1; then
    echo "lab:install: $what failed; the last lines of $log:" >&2
    tail -n 25 "$log" >&2
    exit 1
  fi
}

export DEBIAN_FRONTEND=noninteractive
step "apt-get update" apt-get update -q
# slapd would otherwise create an empty directory of its own in /var/lib/ldap.
if [[ " ${missing[*]} " == *" slapd "* ]] && command -v debconf-set-selections >/dev/null; then
  echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections >>"$log" 2>&1 || true
fi
step "apt-get install ${missing[*]}" apt-get install -y -q --no-install-recommends "${missing[@]}"

for package in "${packages[@]}"; do
  installed "$package" || { echo "lab:install: $package is still missing, see $log" >&2; exit 1; }
done
rm -f "$log"
echo "lab:install: installed ${missing[*]}"
