"""Step 3: everything that Spark and Hadoop read, written to memory (/run), secrets for spark only."""

from __future__ import annotations

from typing import Any

from kiln_node import paths
from kiln_node.aws import metadata
from kiln_node.host import facts, files
from kiln_node.host.commands import Commands
from kiln_node.nodejson import secrets
from kiln_node.nodejson.config import NodeConfig, RgwStore
from kiln_node.spark import (
    classdata,
    environment,
    executors,
    hadoopconf,
    sizing,
    sparkconf,
    sparkimage,
    sparkjudge,
    sparkrules,
    truststore,
)


def run(config: NodeConfig, commands: Commands) -> dict[str, Any]:
    """Write the files anew, each one whole or not at all; what the status tells of it."""
    sparkrules.check(config)
    image = sparkimage.read()
    table = sparkjudge.base(sparkjudge.load("settings"), image)
    folders = secrets.credential_folders()
    machine = facts.gather(config.master_host, config.master_port)
    offer = sizing.offer(machine, config.worker) if config.role == "worker" else None

    files.folder(paths.RUN, mode=0o755)
    files.folder(paths.EMPTY_CONF, mode=0o755)
    for folder in (
        paths.SPARK_DIR,
        paths.HADOOP_DIR,
        paths.HISTORY_CONF.parent,
        paths.NOTEBOOK_TOKEN.parent,
    ):
        files.folder(folder, mode=0o750, user="root", group=paths.SPARK_USER)

    _trust(config)
    keys = {
        store.name: (secrets.read(store.access_key, folders), secrets.read(store.secret_key, folders))
        for store in config.stores
        if isinstance(store, RgwStore)
    }
    core_site = hadoopconf.render(hadoopconf.settings(config.stores, keys, table, config.warehouse))
    files.write(paths.CORE_SITE, core_site, mode=0o640, group=paths.SPARK_USER)
    class_data = classdata.options(paths.CLASS_DATA)
    settings = sparkconf.defaults(
        config, secrets.read(config.spark_secret, folders), table, image.spark, class_data
    )
    if config.role == "history":
        text = sparkconf.render(sparkconf.history(settings))
        files.write(paths.HISTORY_CONF, text, mode=0o640, group=paths.SPARK_USER)
    else:
        text = sparkconf.render(sparkconf.of_node(settings, machine.address))
        files.write(paths.SPARK_DEFAULTS, text, mode=0o640, group=paths.SPARK_USER)
    if config.role == "notebook" and config.notebook_secret is not None:
        token = secrets.read(config.notebook_secret, folders)
        files.write(paths.NOTEBOOK_TOKEN, token, mode=0o640, group=paths.SPARK_USER)

    shared = environment.common(machine)
    files.write(paths.ENVIRONMENT, environment.render(shared), mode=0o644)
    own = environment.daemon(config, machine, offer, class_data)
    files.write(paths.ROLE_ENVIRONMENT, environment.render(own), mode=0o644)
    closed = metadata.close(config, commands)
    if offer is None:
        return {"metadata": closed}
    share = executors.share([offer], executors.wanted(settings))
    return {"metadata": closed, "sizing": sizing.told(machine, config.worker, offer, share)}


def _trust(config: NodeConfig) -> None:
    """The system's authorities and those of the stores, for JVMs and as PEM for everything else."""
    folders = secrets.credential_folders()
    pems = [(str(paths.SYSTEM_CA), paths.SYSTEM_CA.read_text(encoding="ascii"))]
    pems += [
        (f"ca of store {store.name}", secrets.read(store.ca, folders))
        for store in config.stores
        if isinstance(store, RgwStore) and store.ca is not None
    ]
    ders = [der for where, pem in pems for der in truststore.certificates(pem, where=where)]
    files.write(paths.TRUSTSTORE, truststore.jks(ders), mode=0o644)
    bundle = "".join(pem if pem.endswith("\n") else f"{pem}\n" for _, pem in pems)
    files.write(paths.CA_BUNDLE, bundle, mode=0o644)
