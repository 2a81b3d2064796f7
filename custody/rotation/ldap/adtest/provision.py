# Makes a domain in a folder: its directory, in it a unit for people, and a second account that
# may reset their passwords and nothing else. The passwords come by standard input, one a line.
#
# samba-tool would also set the access rules of the files that a controller shares, for which it
# takes a file system that has them and one package more; nothing is shared here.
import logging
import sys

from samba import dsdb, param, sd_utils
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.provision import provision

folder, realm, domain, people, second = sys.argv[1:]
administrators, seconds = sys.stdin.read().splitlines()

sam = provision(
    logging.getLogger(), system_session(), targetdir=folder, lp=param.LoadParm(),
    realm=realm, domain=domain, hostname="dc1", hostip="127.0.0.1",
    serverrole="active directory domain controller", dns_backend="NONE",
    dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2, adminpass=administrators,
).samdb
sam.add({"dn": people, "objectClass": "organizationalUnit"})
sam.newuser(second, seconds)
found = sam.search(expression="sAMAccountName=" + second, attrs=["objectSid"])[0]
sid = ndr_unpack(security.dom_sid, found["objectSid"][0])
# The right to reset a password (User-Force-Change-Password), on users below people.
sd_utils.SDUtils(sam).dacl_add_ace(
    people, "(OA;CIIO;CR;00299570-246d-11d0-a768-00aa006e0529;bf967aba-0de6-11d0-a285-00aa003049e2;%s)" % sid)
