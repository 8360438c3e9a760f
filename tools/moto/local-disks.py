"""Instance types of EC2 with local NVMe SSDs that can boot the image: disks and GB of each, as JSON.

The figures are EC2's own answer to DescribeInstanceTypes, as moto carries it. Kept are types of x86_64 whose
local disks are NVMe SSDs and that boot by UEFI, since that is how the image boots.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from importlib.metadata import version
from importlib.resources import files
from typing import Any


def local_disks(described: dict[str, Any]) -> dict[str, dict[str, list[int]]]:
    """Family -> size -> [number of disks, GB of one]."""
    families: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for name in sorted(described):
        about = described[name]
        storage = about.get("InstanceStorageInfo")
        if not storage or storage.get("NvmeSupport") != "required":
            continue
        if "x86_64" not in about["ProcessorInfo"]["SupportedArchitectures"]:
            continue
        if "uefi" not in about["SupportedBootModes"]:
            continue
        if len(storage["Disks"]) != 1 or storage["Disks"][0]["Type"] != "ssd":
            continue
        family, size = name.split(".", 1)
        families[family][size] = [storage["Disks"][0]["Count"], storage["Disks"][0]["SizeInGB"]]
    return dict(families)


def main() -> None:
    packed = files("moto").joinpath("ec2/resources/instance_types.json.gz").read_bytes()
    families = local_disks(json.loads(gzip.decompress(packed)))
    rows = ",\n".join(f"    {json.dumps(name)}: {json.dumps(sizes)}" for name, sizes in families.items())
    source = f"EC2 DescribeInstanceTypes, as moto {version('moto')} carries it: x86_64, UEFI, NVMe SSD"
    print(f'{{\n  "source": {json.dumps(source)},\n  "disks": {{\n{rows}\n  }}\n}}')


if __name__ == "__main__":
    main()
