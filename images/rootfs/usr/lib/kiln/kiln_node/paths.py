"""Where things are on a node. One place, because units, tests and people rely on these names."""

from pathlib import Path

NODE_JSON = Path("/etc/kiln/node.json")
SCHEMA = Path("/usr/lib/kiln/node.schema.json")
IMAGE_JSON = Path("/usr/lib/kiln/image.json")
#: settings.json and rules.json: what Spark is set to, and what it may not be set to.
SPARK_DATA = Path("/usr/lib/kiln/spark")

RUN = Path("/run/kiln")
STATUS = RUN / "status.json"
SPARK_DIR = RUN / "spark"
SPARK_DEFAULTS = SPARK_DIR / "spark-defaults.conf"
HADOOP_DIR = RUN / "hadoop"
CORE_SITE = HADOOP_DIR / "core-site.xml"
TRUSTSTORE = RUN / "truststore.jks"
CA_BUNDLE = RUN / "ca-bundle.pem"
#: Secrets that were fetched at boot, in memory and root's alone.
SECRETS = RUN / "secrets"
ENVIRONMENT = RUN / "environment"
ROLE_ENVIRONMENT = RUN / "role-environment"
#: SPARK_CONF_DIR: empty on purpose, so that the daemons' class path is the same on every node.
EMPTY_CONF = RUN / "empty"
#: What the history server reads: no secret stands in it.
HISTORY_CONF = RUN / "history" / "history.conf"
#: The token that JupyterLab asks for.
NOTEBOOK_TOKEN = RUN / "notebook" / "token"

SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")
SCRATCH = Path("/scratch")
SPARK_HOME = Path("/opt/spark")
JUPYTER_LAB = Path("/opt/conda-env/bin/jupyter-lab")
#: Made in the bake (images/layers/jars/class-data); not in every image.
CLASS_DATA = SPARK_HOME / "spark.jsa"
CONDA_PYTHON = Path("/opt/conda-env/bin/python")
#: Scripts and notebooks of factory.yaml's `code`, where it is no package; not in every image.
CODE = Path("/opt/code")
RUN_MODULE = Path("/usr/lib/kiln/submit/run_module.py")
CANARY_JOB = Path("/usr/lib/kiln/submit/canary.py")

#: Where systemd keeps credentials: of this unit, of the system, of a container's manager.
CREDENTIALS = (Path("/run/credentials/@system"), Path("/run/host/credentials"))
VIRTIO_STATUS = Path("/dev/virtio-ports/org.kiln.status")
CONSOLE = Path("/dev/console")

SPARK_USER = "spark"
