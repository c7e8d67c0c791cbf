"""``--engine dask`` and ``--engine ray``: the same table, wherever it is made."""

import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import write_claims
from tests.cluster.machines import RayMachines
from trimtab.benchmark.running.costs import MEASURED_COSTS
from trimtab.cli import main


def _arguments(table: Path, out: Path) -> list[str]:
    return [
        "compare", str(table), "--target", "fraud", "--out", str(out),
        "--methods", "logistic-regression", "--folds", "2",
    ]  # fmt: skip


def _results(folder: Path) -> pd.DataFrame:
    results = pd.read_csv(folder / "results.csv")
    assert len(results) == 4
    return results.drop(columns=list(MEASURED_COSTS), errors="ignore")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Return what this machine finds."""
    folder = tmp_path_factory.mktemp("here")
    arguments = _arguments(write_claims(folder), folder / "report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["trimtab", *arguments])
        with suppress(SystemExit):  # where it failed, there are no results
            main()
    return _results(folder / "report")


def test_dask_finds_what_this_machine_finds(trimtab, machines, claims, here, tmp_path):
    """Its workers have neither the file nor the data set of the catalogue."""
    machines.add_worker(n_threads=2)
    there = tmp_path / "there"
    machines.wait_for_workers(1)
    engine = ["--engine", "dask", "--scheduler", machines.address]
    ran = trimtab(*_arguments(claims, there), *engine)
    assert ran.code == 0, ran.err
    pd.testing.assert_frame_equal(here, _results(there), check_exact=True)

    (tmp_path / "suite.toml").write_text(SUITE)
    ran = trimtab("bench", "run", "suite.toml", *engine)
    assert ran.code == 0, ran.err
    assert "2 experiments run" in ran.out
    assert "0 failed" in ran.out


def test_ray_finds_the_same_though_a_worker_is_killed(claims, here, tmp_path):
    """Ray begins the experiment of a killed worker anew."""
    pytest.importorskip("ray")
    there = tmp_path / "there"
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as short:
        node = RayMachines(Path(short))
        killer = threading.Thread(target=node.kill_busy_worker)
        try:
            killer.start()
            done = subprocess.run(
                [
                    sys.executable, "-m", "trimtab.cli", *_arguments(claims, there),
                    "--engine", "ray", "--scheduler", node.address,
                ],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            killer.join()
        finally:
            node.close()
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(here, _results(there), check_exact=True)


SUITE = """
title = "One data set"
description = "One data set of the catalogue."
metric = "average_precision"
datasets = ["sklearn/breast_cancer"]
methods = ["logistic-regression"]
[protocol]
n_splits = 2
"""


@pytest.mark.parametrize(
    "command",
    [
        ("bench", "run", "controls", "--datasets", "sklearn/digits8"),
        ("meta-train", "sklearn/digits8", "--out", "p.safetensors"),
    ],
)
def test_other_commands_check_their_engine_too(trimtab, command):
    """The same line, and exit code 2."""
    ran = trimtab(*command, "--engine", "ray")
    assert ran.code == 2
    assert "needs its scheduler's address: give --scheduler host:6379" in ran.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "dask"], "needs its scheduler's address: give --scheduler tcp"),
        (["--engine", "ray"], "needs its scheduler's address: give --scheduler host:"),
        (["--scheduler", "tcp://a:1"], "the engine is local: give --engine dask or"),
        (["--engine", "dask", "--scheduler", "nothing://x"], "none of a Dask schedul"),
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


def test_an_engine_that_is_not_installed_is_one_line(claims):
    """It says which extra brings it."""
    code = f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {{"distributed", "ray"}}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
from trimtab.cli import main
for engine in "dask", "ray":
    sys.argv = ["trimtab", "compare", {str(claims)!r}, "--target", "fraud",
                "--engine", engine, "--scheduler", "tcp://127.0.0.1:1"]
    try:
        main()
    except SystemExit as stop:
        print(stop.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False, cwd=claims.parent,
    )  # fmt: skip
    assert done.stdout.split() == ["2", "2"]
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    for engine, line in zip(("dask", "ray"), lines, strict=True):
        assert f"it comes with: pip install 'trimtab[{engine}]'" in line
