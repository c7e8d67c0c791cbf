"""``--engine dask`` and ``--engine ray``: the same table, wherever it is made."""

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pandas as pd
import pytest

from tests.cluster.machines import RayMachines
from trimtab.benchmark.costs import MEASURED_COSTS


def _compare(table: Path, out: Path, *options: str) -> pd.DataFrame:
    """Return the results of the command in a process of its own."""
    done = subprocess.run(
        [
            sys.executable, "-m", "trimtab.cli", "compare", str(table),
            "--target", "fraud", "--methods", "logistic-regression", "--folds", "2",
            "--out", str(out), *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = pd.read_csv(out / "results.csv")
    return results.drop(columns=list(MEASURED_COSTS), errors="ignore")


def test_clusters_find_what_this_machine_finds(machines, claims, tmp_path):
    """Dask has no such file; a worker of Ray's is killed: the table is the same."""
    pytest.importorskip("ray")
    machines.add_worker(n_threads=2)
    here = _compare(claims, tmp_path / "here", "--n-jobs", "2")
    machines.wait_for_workers(1)
    dask = _compare(
        claims, tmp_path / "dask", "--engine", "dask", "--scheduler", machines.address
    )
    assert len(here) == 4
    pd.testing.assert_frame_equal(here, dask, check_exact=True)
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as short:
        node = RayMachines(Path(short))
        killer = threading.Thread(target=node.kill_busy_worker)
        try:
            killer.start()
            ray = _compare(
                claims, tmp_path / "ray", "--engine", "ray", "--scheduler", node.address
            )
            killer.join()
        finally:
            node.close()
    pd.testing.assert_frame_equal(here, ray, check_exact=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "dask"], "needs its scheduler's address: give --scheduler tcp"),
        (["--engine", "ray"], "needs its scheduler's address: give --scheduler host:"),
        (["--scheduler", "tcp://a:1"], "the engine is local: give --engine dask or"),
        (["--engine", "dask", "--scheduler", "nothing://x"], "no Dask scheduler ans"),
        (["--engine", "ray", "--scheduler", "127.0.0.1:1"], "no Ray cluster answers"),
        (["--engine", "ray", "--scheduler", "here"], r"at here \(an address is host:"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_one_line(trimtab, claims, options, message):
    """With exit code 2."""
    ran = trimtab("compare", claims, "--target", "fraud", "--folds", 2, *options)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert pd.Series(ran.err).str.contains(message).all(), ran.err


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_an_engine_that_is_not_installed_is_one_line(engine, claims):
    """It says which extra brings it."""
    code = f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"distributed", "ray"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
sys.argv = ["trimtab", "compare", {str(claims)!r}, "--target", "fraud",
            "--engine", {engine!r}, "--scheduler", "tcp://127.0.0.1:1"]
from trimtab.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False, cwd=claims.parent,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"it comes with: pip install 'trimtab[{engine}]'" in done.stderr
