"""Makes a Maven repository: maven.py FOLDER. org.example:one:1.0 needs org.example:two:1.0."""

import sys
import zipfile
from pathlib import Path

POM = (
    '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    "<groupId>org.example</groupId><artifactId>{}</artifactId><version>1.0</version>{}</project>"
)
NEEDS = (
    "<dependencies><dependency><groupId>org.example</groupId><artifactId>two</artifactId>"
    "<version>1.0</version></dependency></dependencies>"
)

for name, needs in (("one", NEEDS), ("two", "")):
    folder = Path(sys.argv[1], "org/example", name, "1.0")
    folder.mkdir(parents=True)
    (folder / f"{name}-1.0.pom").write_text(POM.format(name, needs), encoding="ascii")
    with zipfile.ZipFile(folder / f"{name}-1.0.jar", "w") as jar:
        jar.writestr(f"{name}.txt", name)
