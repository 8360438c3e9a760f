"""What executors say of the machines that they ran on."""

import json

from flights import evidence


def test_counts_shuffle_files_and_nothing_else(tmp_path):
    for name, size in (("0c/shuffle_0_1_0.data", 10), ("0d/shuffle_0_1_0.index", 5), ("0d/rdd_1_1", 7)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    assert evidence.shuffle_files(tmp_path) == {"folder": str(tmp_path), "files": 2, "bytes": 15}


def test_an_executor_looks_into_the_folders_that_spark_gave_it(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.setenv("SPARK_LOCAL_DIRS", f"{tmp_path}/a,{tmp_path}/gone")
    monkeypatch.delenv("SPARK_EXECUTOR_DIRS", raising=False)
    monkeypatch.delenv("LOCAL_DIRS", raising=False)
    (seen,) = evidence.observe([])
    assert [found["folder"] for found in seen["shuffle"]] == [f"{tmp_path}/a"]
    assert set(seen["modules"]) == {"pandas", "pyarrow", "flights"}
    json.dumps(seen)


def test_two_executors_of_a_host_make_one_entry():
    def one(host, folder, files):
        return {"host": host, "shuffle": [{"folder": folder, "files": files, "bytes": 1}]}

    hosts = evidence.by_host([one("b", "/x", 1), one("a", "/y", 1), one("b", "/z", 2), one("b", "/x", 3)])
    assert [host["host"] for host in hosts] == ["a", "b"]
    assert [(found["folder"], found["files"]) for found in hosts[1]["shuffle"]] == [("/x", 3), ("/z", 2)]
