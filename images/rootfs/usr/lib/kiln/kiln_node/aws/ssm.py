"""Parameters of AWS Systems Manager, read with the keys of the instance's role."""

from __future__ import annotations

import json
from datetime import datetime

from kiln_node.aws.sigv4 import Keys, Request, sign
from kiln_node.faults import NodeFault
from kiln_node.host.http import Http

#: Error of the API -> what to do about it.
HINTS = {
    "ParameterNotFound": "create it (aws ssm put-parameter --type SecureString), in this region",
    "AccessDeniedException": "allow the instance's role ssm:GetParameter on it, and kms:Decrypt on its key",
    "ExpiredTokenException": "see the machine's clock (chronyc tracking)",
    "InvalidSignatureException": "see the machine's clock (chronyc tracking)",
    "ThrottlingException": "start kiln-validate again; ask for a higher limit if it happens at every start",
}


def get_parameter(http: Http, keys: Keys, *, name: str, region: str, now: datetime, address: str = "") -> str:
    """The decrypted value; now: in UTC; address: of an endpoint other than the region's own."""
    url = address or f"https://ssm.{region}.amazonaws.com/"
    body = json.dumps({"Name": name, "WithDecryption": True}).encode()
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter"}
    signed = sign(Request("POST", url, headers, body), keys, service="ssm", region=region, now=now)
    del signed["host"]  # urllib writes it, and the same
    answer = http.send("POST", url, signed, body)
    try:
        found = json.loads(answer.body)
        if answer.status == 200:
            return str(found["Parameter"]["Value"])
        error = str(found["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        error = f"an answer that is not the API's, status {answer.status}"
    raise NodeFault(
        f"SSM parameter {name} in {region} cannot be read: {error}",
        where=url,
        hint=HINTS.get(error, "see the parameter and the instance's role in the AWS console"),
    )
