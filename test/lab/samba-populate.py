"""Bulk load of a stopped Samba directory: users, nested groups, a cycle, one group beyond 1500 members.

samba-populate.py DC_FOLDER N BIG_GROUP WITH_PASSWORD PASSWORD load|restore|reindex

ldb copies every index list that it touches once per add, so a list that holds all users makes a load quadratic. For the
load the few attributes with the same value for everybody are taken out of the index (schema searchFlags bit 0, edited
raw in the schema partition), then put back and indexed once (what samba-tool dbcheck --reindex does).
"""
import glob
import json
import os
import random
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

dc, n, big, with_password, password, phase = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], sys.argv[6]
# Size of ldb's index cache within a transaction; the default is far too small for 100,000 users.
CACHE = "transaction_index_cache_size:%d" % max(20000, 20 * n)
STATE = dc + "/.bulkload.json"  # outlives a crash, so that everything can be put back
FLAT = {"objectClass": "Object-Class", "objectCategory": "Object-Category", "sAMAccountType": "SAM-Account-Type",
        "primaryGroupID": "Primary-Group-ID", "userAccountControl": "User-Account-Control", "sn": "Surname",
        "givenName": "Given-Name", "physicalDeliveryOfficeName": "Physical-Delivery-Office-Name", "groupType": "Group-Type"}
lp = LoadParm()
lp.load(dc + "/etc/smb.conf")


def raw_open(path):
    with open(path, "rb") as head:
        backend = "tdb" if head.read(3) == b"TDB" else "mdb"
    return ldb.Ldb("%s://%s" % (backend, path), flags=ldb.FLG_NOSYNC, options=["modules:", CACHE])


def replace(raw, dn, attribute, values):
    m = ldb.Message()
    m.dn = dn
    m[attribute] = ldb.MessageElement(values, ldb.FLAG_MOD_REPLACE, attribute)
    raw.modify(m)


def schema_flags(values=None):
    path = glob.glob(dc + "/private/sam.ldb.d/CN=SCHEMA*.ldb")[0]
    raw, nc, old = raw_open(path), os.path.basename(path)[:-4], {}
    for attribute, cn in FLAT.items():
        dn = ldb.Dn(raw, "CN=%s,%s" % (cn, nc))
        old[attribute] = int(str(raw.search(base=dn, scope=ldb.SCOPE_BASE, attrs=["searchFlags"])[0]["searchFlags"]))
        replace(raw, dn, "searchFlags", str(old[attribute] & ~1 if values is None else values[attribute]))
    return old


def index_lists(values=None):
    out = {}
    for path in [dc + "/private/sam.ldb"] + sorted(glob.glob(dc + "/private/sam.ldb.d/*.ldb")):
        raw = raw_open(path)
        found = raw.search(base="@INDEXLIST", scope=ldb.SCOPE_BASE)
        if not len(found) or "@IDXATTR" not in found[0]:
            continue
        out[path] = sorted(str(a) for a in found[0]["@IDXATTR"])
        if values and path in values and out[path] != values[path]:
            replace(raw, ldb.Dn(raw, "@INDEXLIST"), "@IDXATTR", values[path])
    return out


if phase == "restore":
    with open(STATE) as held:
        old = json.load(held)
    schema_flags(old["flags"])
    index_lists(old["index"])
    os.unlink(STATE)
    sys.exit(0)
if phase == "load" and n >= 3000 and not os.path.exists(STATE):
    index = index_lists()
    with open(STATE, "w") as kept:
        json.dump({"flags": schema_flags(), "index": index}, kept)
sam = SamDB(url=dc + "/private/sam.ldb", lp=lp, session_info=system_session(), flags=ldb.FLG_NOSYNC, options=[CACHE])
if phase == "reindex":
    m = ldb.Message()
    m.dn = ldb.Dn(sam, "@ATTRIBUTES")
    m["add"] = ldb.MessageElement("NONE", ldb.FLAG_MOD_ADD, "force_reindex")
    m["delete"] = ldb.MessageElement("NONE", ldb.FLAG_MOD_DELETE, "force_reindex")
    sam.modify(m)
    sys.exit(0)

base, domain = str(sam.domain_dn()), sam.domain_dns_name()
rand = random.Random(20240229)
FIRST = "Anna Ben Carla David Elena Farid Grace Hugo Ines Jonas Kira Liam Mona Nils Olga Paul Zoe Łukasz Björn Şebnem Renée".split()
LAST = "Ahlers Becker Costa Dietz Eder Fuchs Garcia Huber Ivanov Jansen Keller Novak Tanaka Weber Xu O'Neill Müller Dvořák Nguyễn".split()
DEPARTMENTS = "Finance,HR,IT,Legal,Logistics,Marketing,Operations,Production,Purchasing,R&D,Sales,Service".split(",")
root = "OU=Lab," + base
if len(sam.search(base=base, scope=ldb.SCOPE_ONELEVEL, expression="(ou=Lab)", attrs=["1.1"])):
    sys.exit("samba lab: already populated")
sites = max(4, min(40, n // 500))
sam.transaction_start()
try:
    units = [root] + ["OU=%s,%s" % (u, root) for u in ("People", "Groups", "Contacts")]
    for dn in units + ["OU=Site%02d,OU=People,%s" % (s, root) for s in range(sites)]:
        sam.add({"dn": dn, "objectClass": "organizationalUnit"})
    users = []
    for i in range(n):
        first, last, login = rand.choice(FIRST), rand.choice(LAST), "u%06d" % i
        dn = "CN=%s %s %06d,OU=Site%02d,OU=People,%s" % (first, last, i, i % sites, root)
        users.append(dn)
        is_disabled = i % 33 == 7
        m = {"dn": dn, "objectClass": "user", "sAMAccountName": login, "userPrincipalName": "%s@%s" % (login, domain),
             "mail": "%s@%s" % (login, domain), "givenName": first, "sn": last, "displayName": "%s, %s (%06d)" % (last, first, i),
             "telephoneNumber": "+49 30 %07d" % i, "department": DEPARTMENTS[i % len(DEPARTMENTS)], "title": "Staff",
             "company": "Example Corp", "physicalDeliveryOfficeName": "B%03d" % (i % 400), "employeeID": "%08d" % i}
        if i < with_password:
            m["unicodePwd"] = ('"%s"' % password).encode("utf-16-le")
            m["userAccountControl"] = "514" if is_disabled else "512"
        else:  # PASSWD_NOTREQD: no hash to compute
            m["userAccountControl"] = "546" if is_disabled else "544"
        if i:
            m["manager"] = users[(i - 1) // 20]
        sam.add(m)
    contacts = []
    for i in range(max(0, 1700 - n)):  # so that the big group always exceeds MaxValRange
        dn = "CN=Contact %05d,OU=Contacts,%s" % (i, root)
        contacts.append(dn)
        sam.add({"dn": dn, "objectClass": "contact", "mail": "c%05d@partner.example" % i, "displayName": "Contact %05d" % i})

    def add_group(name, members):
        m = {"dn": "CN=%s,OU=Groups,%s" % (name, root), "objectClass": "group", "sAMAccountName": name, "groupType": "-2147483646",
             "description": "Lab group", "mail": "%s@%s" % (name.lower(), domain)}
        if members:
            m["member"] = members
        sam.add(m)
        return m["dn"]

    # A tree of groups ten wide; children have higher numbers and are made first.
    count = max(10, n // 20)
    groups = ["CN=G-%05d,OU=Groups,%s" % (i, root) for i in range(count)]
    children = {}
    for i in range(1, count):
        children.setdefault((i - 1) // 10, []).append(groups[i])
    for i in range(count - 1, -1, -1):
        members = {users[j] for j in range(i, n, count)} | {users[rand.randrange(n)] for _ in range(10)}
        add_group("G-%05d" % i, sorted(members) + children.get(i, []))
    add_group("All-Staff", (users + contacts)[:max(1600, min(big, n))])
    loop_a = add_group("Loop-A", [users[0]])
    loop_b = add_group("Loop-B", [users[1 % n], loop_a])
    msg = ldb.Message(ldb.Dn(sam, loop_a))
    msg["member"] = ldb.MessageElement([loop_b], ldb.FLAG_MOD_ADD, "member")
    sam.modify(msg)
except BaseException:
    sam.transaction_cancel()
    raise
sam.transaction_commit()
