#!/usr/bin/env bash
# A throw-away, real Active Directory (Samba AD DC, LDAP service only) on a loopback address, in one folder.
#
#   samba.sh up              provision if needed, start, wait until LDAP answers
#   samba.sh provision       make the directory without starting it
#   samba.sh down            stop (only the recorded pid)
#   samba.sh populate N      N users, N/20 groups (nested, a cycle), one group of more than 1500 members
#   samba.sh status | env    what runs | exports for a shell
#   samba.sh save FOLDER     copy the stopped directory; load FOLDER puts such a copy in place
#   samba.sh reset           down, and delete the directory
#   samba.sh grant-dirsync   give svc-reader DS-Replication-Get-Changes
#   samba.sh recyclebin      enable the Recycle Bin optional feature
#
# Settings are SAMBA_LAB_* variables, see below; SAMBA_LAB_OWNER=PID ties the server to a process. Packages come from install.sh. Needs root.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
dir=${SAMBA_LAB_DIR:-${TMPDIR:-/tmp}/samba-lab}
dc=$dir/dc
ip=${SAMBA_LAB_IP:-127.0.0.1} # any 127/8 address: several labs can live side by side
realm=${SAMBA_LAB_REALM:-CORP.EXAMPLE.TEST}
domain=${SAMBA_LAB_DOMAIN:-CORP}
admin_password=${SAMBA_LAB_ADMIN_PASSWORD:-Adm1n.Passw0rd!}
user_password=${SAMBA_LAB_USER_PASSWORD:-User.Passw0rd.1!}
backend=${SAMBA_LAB_BACKEND:-mdb}       # mdb | tdb
services=${SAMBA_LAB_SERVICES:-ldap}    # "ldap kdc" if Kerberos is wanted as well
workers=${SAMBA_LAB_WORKERS:-2}
big_group=${SAMBA_LAB_BIG_GROUP:-5000}  # members of the big group, at least 1600
with_password=${SAMBA_LAB_WITH_PASSWORD:-25} # users that get a password (hashing is costly)
realm_lower=${realm,,}
base_dn="DC=${realm_lower//./,DC=}"
host=dc1.$realm_lower
python=/usr/bin/python3 # Debian's, which has python3-samba
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
log() { echo "samba lab: $*" >&2; }

write_conf() {
  mkdir -p "$dc"/{etc,run,log}
  cat >"$dc/etc/smb.conf" <<CONF
[global]
	workgroup = $domain
	realm = $realm
	netbios name = DC1
	server role = active directory domain controller
	server services = $services
	interfaces = $ip/8
	bind interfaces only = yes
	prefork children:ldap = $workers
	idmap_ldb:use rfc2307 = yes
	private dir = $dc/private
	state directory = $dc/state
	cache directory = $dc/cache
	lock directory = $dc
	binddns dir = $dc/bind-dns
	pid directory = $dc/run
	ncalrpc dir = $dc/run/ncalrpc
	winbindd socket directory = $dc/run/winbindd
	ntp signd socket directory = $dc/run/ntp_signd
	logging = file
	log file = $dc/log/log.%m
	log level = ${SAMBA_LAB_LOG_LEVEL:-1}
	tls enabled = yes
	tls keyfile = $dc/tls/key.pem
	tls certfile = $dc/tls/cert.pem
	tls cafile = $dc/tls/ca.pem
	ldap server require strong auth = ${SAMBA_LAB_STRONG_AUTH:-yes}
CONF
}

# A folder with ca.pem, cert.pem and key.pem may be given; otherwise openssl makes them.
make_tls() {
  local tls=$dc/tls
  mkdir -p "$tls"
  if [ -n "${SAMBA_LAB_TLS:-}" ]; then
    cp "$SAMBA_LAB_TLS"/{ca,cert,key}.pem "$tls/"
  elif ! { [ -s "$tls/cert.pem" ] && openssl x509 -noout -checkip "$ip" -in "$tls/cert.pem" | grep -q 'does match'; }; then
    (
      umask 077
      cd "$tls"
      [ -s ca.key ] || openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj "/CN=Samba lab CA" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
      openssl req -newkey rsa:2048 -nodes -keyout key.pem -out cert.csr -subj "/CN=$host"
      printf 'subjectAltName=DNS:%s,DNS:%s,DNS:localhost,IP:127.0.0.1,IP:%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' \
        "$host" "$realm_lower" "$ip" >ext.cnf
      openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -extfile ext.cnf -out cert.pem
    ) >"$tls/openssl.log" 2>&1 || { cat "$tls/openssl.log" >&2; return 1; }
  fi
  chmod 644 "$tls/ca.pem" "$tls/cert.pem"
  chmod 600 "$tls/key.pem" # samba refuses a key that others can read
}

# Prints the recorded pid if that process is still our samba (it renames itself, but keeps writing to our log).
alive_pid() {
  local pid
  pid=$(cat "$dc/run/samba.pid" 2>/dev/null) || return 1
  [ -n "$pid" ] && [ "$(readlink -f "/proc/$pid/fd/1" 2>/dev/null)" = "$(readlink -f "$dc/log/stdout.log")" ] && echo "$pid"
}

answers() { ldapsearch -x -LLL -o nettimeout=2 -H "ldap://$ip" -s base -b '' isSynchronized >/dev/null 2>&1; }

cmd_provision() {
  if [ -e "$dc/.provisioned" ]; then return 0; fi
  rm -rf "$dc"
  mkdir -p "$dc"
  local store=(--backend-store="$backend")
  if [ "$backend" = mdb ]; then store+=(--backend-store-size=8Gb); fi
  TDB_NO_FSYNC=1 samba-tool domain provision --targetdir="$dc" --realm="$realm" --domain="$domain" \
    --adminpass="$admin_password" --server-role=dc --use-rfc2307 --dns-backend=NONE --host-name=dc1 --host-ip="$ip" \
    --option="log file=$dc/provision.%m.log" "${store[@]}" >"$dir/provision.log" 2>&1 ||
    { log "provisioning failed"; tail -n 20 "$dir/provision.log" >&2; return 1; }
  write_conf
  samba-tool user add svc-reader "$user_password" -s "$dc/etc/smb.conf" -H "$dc/private/sam.ldb" >/dev/null
  touch "$dc/.provisioned"
}

cmd_up() {
  if alive_pid >/dev/null && answers; then return 0; fi
  cmd_provision
  make_tls
  write_conf
  chmod 750 "$dc/run"
  rm -f "$dc/run/samba.pid"
  (cd / && exec setsid samba -F --no-process-group -s "$dc/etc/smb.conf" --debug-stdout </dev/null >>"$dc/log/stdout.log" 2>&1) &
  disown || true
  local attempt
  for attempt in $(seq 1 600); do
    if alive_pid >/dev/null && answers; then follow_owner; return 0; fi
    sleep 0.05
  done
  log "samba did not answer in 30 s"
  tail -n 20 "$dc/log/stdout.log" >&2
  return 1
}

# With SAMBA_LAB_OWNER, the server does not outlive that process, however it ends.
follow_owner() {
  [ -n "${SAMBA_LAB_OWNER:-}" ] || return 0
  (
    exec </dev/null >/dev/null 2>&1
    pid=$(alive_pid)
    while [ -d "/proc/$SAMBA_LAB_OWNER" ] && [ "$(alive_pid)" = "$pid" ]; do sleep 1; done
    if [ "$(alive_pid)" = "$pid" ]; then
      cmd_down
      if [ -n "${SAMBA_LAB_TEMPORARY:-}" ]; then rm -rf "$dir"; fi
    fi
  ) &
  disown || true
}

cmd_down() {
  local pid attempt
  pid=$(alive_pid) || return 0
  kill "$pid"
  for attempt in $(seq 1 400); do
    [ -d "/proc/$pid" ] && [ "$(awk '/^State/{print $2}' "/proc/$pid/status" 2>/dev/null)" != Z ] || break
    sleep 0.025
  done
  if [ -d "/proc/$pid" ] && [ "$attempt" -eq 400 ]; then log "pid $pid does not end"; return 1; fi
  rm -f "$dc/run/samba.pid"
}

cmd_populate() {
  local count=${1:?populate N} was= status=0
  [ -e "$dc/.provisioned" ] || { log "run 'up' first"; return 1; }
  if alive_pid >/dev/null; then was=1; cmd_down; fi # a bulk load wants the server stopped
  populate "$count" load || status=$?
  if [ -e "$dc/.bulkload.json" ]; then
    populate "$count" restore
    populate "$count" reindex >"$dc/log/reindex.log" 2>&1
  fi
  if [ -n "$was" ]; then cmd_up; fi
  return "$status"
}
populate() { TDB_NO_FSYNC=1 "$python" "$here/samba-populate.py" "$dc" "$1" "$big_group" "$with_password" "$user_password" "$2"; }

cmd_grant_dirsync() {
  local sid
  sid=$(ldbsearch -H "$dc/private/sam.ldb" '(sAMAccountName=svc-reader)' objectSid 2>/dev/null | awk '/^objectSid:/{print $2}')
  samba-tool dsacl set -s "$dc/etc/smb.conf" -H "$dc/private/sam.ldb" --objectdn="$base_dn" \
    --sddl="(OA;;CR;1131f6aa-9c07-11d1-f79f-00c04fc2dcd2;;$sid)" >/dev/null
}

# Refused over LDAP (53), possible locally.
cmd_recyclebin() {
  "$python" - "$dc" <<'PY'
import sys, ldb
from samba.samdb import SamDB
from samba.param import LoadParm
from samba.auth import system_session
lp = LoadParm(); lp.load(sys.argv[1] + "/etc/smb.conf")
sam = SamDB(url=sys.argv[1] + "/private/sam.ldb", lp=lp, session_info=system_session())
m = ldb.Message(); m.dn = ldb.Dn(sam, "")
feature = "CN=Partitions,CN=Configuration,%s:766ddcd8-acd0-445e-f3b9-a7f9b6744f2a" % sam.domain_dn()
m["enableOptionalFeature"] = ldb.MessageElement(feature, ldb.FLAG_MOD_ADD, "enableOptionalFeature")
sam.modify(m)
PY
}

cmd_status() {
  local pid
  if pid=$(alive_pid); then echo "running pid=$pid ip=$ip"; else echo "stopped"; fi
}

cmd_env() {
  cat <<ENV
export AD_URL=ldaps://$ip:636 AD_URL_PLAIN=ldap://$ip:389 AD_HOST=$host AD_CA='$dc/tls/ca.pem'
export AD_BASE='$base_dn' AD_ADMIN='Administrator@$realm_lower' AD_ADMIN_PASSWORD='$admin_password'
export AD_USER='svc-reader@$realm_lower' AD_USER_PASSWORD='$user_password' LDAPTLS_CACERT='$dc/tls/ca.pem'
ENV
}

# The databases are sparse files of several gigabytes: copy them sparsely.
copy_stopped() { rm -rf "$2" && mkdir -p "$(dirname "$2")" && cp -a --sparse=always "$1" "$2"; }
stopped() { if alive_pid >/dev/null; then log "stop it first (samba.sh down)"; return 1; fi; }

case ${1:-} in
  up | down | provision | status | env | recyclebin) "cmd_$1" ;;
  populate) cmd_populate "${2:-}" ;;
  grant-dirsync) cmd_grant_dirsync ;;
  save) stopped && copy_stopped "$dc" "${2:?save FOLDER}" ;;
  load) stopped && copy_stopped "${2:?load FOLDER}" "$dc" ;;
  reset) cmd_down && rm -rf "$dc" ;;
  *) sed -n '2,15p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
