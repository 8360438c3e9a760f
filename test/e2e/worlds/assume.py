"""Takes on the role kiln-node as EC2 does for a machine, and prints what its metadata service hands out.

usage: assume.py USER.json NAME PORT CA.pem    USER.json: what radosgw-admin printed of who may do so
"""

import json
import socket
import ssl
import sys
from datetime import UTC, datetime
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

from kiln_node.aws.sigv4 import Keys, Request, sign

USER, NAME, PORT, CA = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
ROLE = "kiln-node"


class Here(HTTPSConnection):
    """Connects to the loopback, whatever the name is."""

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", PORT), 20)
        self.sock = ssl.create_default_context(cafile=CA).wrap_socket(plain, server_hostname=self.host)


key = json.loads(USER.read_text())["keys"][0]
asked = {
    "Action": "AssumeRole",
    "Version": "2011-06-15",
    "RoleArn": f"arn:aws:iam:::role/{ROLE}",
    "RoleSessionName": "i-0123456789abcdef0",
    "DurationSeconds": "3600",
}
body = urlencode(asked).encode()
request = Request("POST", f"https://{NAME}/", {"content-type": "application/x-www-form-urlencoded"}, body)
keys = Keys(key["access_key"], key["secret_key"])
now = datetime.now(UTC)
connection = Here(NAME)
connection.request("POST", "/", body, sign(request, keys, service="sts", region="us-east-1", now=now))
answer = connection.getresponse()
text = answer.read().decode()
if answer.status != 200:
    sys.exit(f"AssumeRole: {answer.status} {text}")
found = {
    element.tag.rpartition("}")[2]: element.text
    for element in ElementTree.fromstring(text).iter()  # noqa: S314
}
json.dump(
    {
        "Code": "Success",
        "LastUpdated": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Type": "AWS-HMAC",
        "AccessKeyId": found["AccessKeyId"],
        "SecretAccessKey": found["SecretAccessKey"],
        "Token": found["SessionToken"],
        "Expiration": found["Expiration"],
    },
    sys.stdout,
)
