"""What is proven before a daemon starts, each alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import document

from kiln_node import paths
from kiln_node.duties import guard
from kiln_node.faults import NodeFault
from kiln_node.nodejson import config, secrets
from kiln_node.scratch import space

WORKER = config.parse(document())


def test_space_is_asked_for_by_the_watchs_own_bound() -> None:
    guard.enough(space.Space(1000, 256), None)
    with pytest.raises(NodeFault, match="has 255 MiB left of 1000, 256 must stay free"):
        guard.enough(space.Space(1000, 255), None)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("spark.authenticate=true\nspark.authenticate.secret=s3cret\n", True),
        ("spark.authenticate.secret=another\n", False),
        ("spark.authenticate=true\n", False),
        (None, False),
    ],
)
def test_spark_would_read_the_clusters_secret(
    text: str | None, good: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spark-secret").write_text("s3cret\n", encoding="ascii")
    monkeypatch.setattr(secrets, "credential_folders", lambda: [tmp_path])
    monkeypatch.setattr(paths, "SPARK_DEFAULTS", tmp_path / "spark-defaults.conf")
    if text is not None:
        paths.SPARK_DEFAULTS.write_text(text, encoding="utf-8")
    if good:
        guard.secret(WORKER)
        return
    with pytest.raises(NodeFault, match="does not hold the cluster's secret") as caught:
        guard.secret(WORKER)
    assert "s3cret" not in str(caught.value)


def test_a_history_server_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spark-secret").write_text("s3cret\n", encoding="ascii")
    monkeypatch.setattr(secrets, "credential_folders", lambda: [tmp_path])
    guard.secret(config.parse(document(role="history")))


@pytest.mark.parametrize("unknown", ["10.213.0.10", "own"])
def test_names_that_have_no_address(unknown: str) -> None:
    def ask(host: str) -> object:
        if host == unknown:
            raise OSError(-2, "Name or service not known")
        return None

    guard.resolves(WORKER, lambda _: None, "own")
    with pytest.raises(NodeFault, match=f"{unknown}, has no address|{unknown.replace('.', '[.]')}"):
        guard.resolves(WORKER, ask, "own")


def test_a_notebook_needs_jupyterlab_in_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "JUPYTER_LAB", tmp_path / "jupyter-lab")
    made = document(role="notebook")
    made["secrets"]["notebook"] = {"credential": "notebook-token"}
    notebook = config.parse(made)
    with pytest.raises(NodeFault, match="no JupyterLab") as caught:
        guard.present(notebook)
    assert "environment.yml" in caught.value.hint
    paths.JUPYTER_LAB.touch()
    guard.present(notebook)
    guard.present(WORKER)


def test_says_whose_start_it_is() -> None:
    assert guard.unit(WORKER) == "spark-worker.service"
