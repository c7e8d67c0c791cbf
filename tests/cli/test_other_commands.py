"""The other commands: methods, data sets, suites, version."""

import gzip
import io

import pandas as pd
import pytest

SUITE = """
title = "Two methods on two small sets"
description = "For the tests."
datasets = ["sklearn/breast_cancer", "sklearn/wine"]
methods = [
  "logistic-regression",
  {method = "random-forest", label = "small forest", parameters = {n_estimators = 5}},
]
metric = "macro_f1"

[protocol]
n_splits = 2

[[paper]]
dataset = "sklearn/wine"
method = "small forest"
metric = "macro_f1"
mean = 0.9
sd = 0.05
"""


def test_version_is_told(trimtab):
    """`--version` prints the installed version."""
    import trimtab as package

    ran = trimtab("--version")
    assert (ran.code, ran.out) == (0, f"trimtab {package.__version__}\n")


def test_methods_are_listed(trimtab):
    """Every registered method has a line."""
    from trimtab.benchmark.methods import list_methods

    ran = trimtab("methods")
    assert ran.code == 0
    for method in list_methods():
        assert method.name in ran.out


def test_data_sets_are_listed_and_described(trimtab):
    """The list names them, `describe` says where one comes from."""
    assert "mammography" in trimtab("datasets", "list").out
    assert "Woods" in trimtab("datasets", "describe", "mammography").out


def test_suites_are_listed(trimtab):
    """The suites that ship are there with their sizes."""
    ran = trimtab("bench", "list")
    assert "controls" in ran.out
    assert "1040" in ran.out


@pytest.fixture
def suite(tmp_path):
    """Write a suite of the user's own."""
    path = tmp_path / "mine.toml"
    path.write_text(SUITE)
    return path


def test_a_suite_is_run_shown_and_exported(trimtab, suite, tmp_path):
    """From a TOML file to the table with the paper's numbers, and back from a file."""
    store = f"sqlite:///{tmp_path}/bench.sqlite"
    ran = trimtab("bench", "run", suite, "--store", store, "--n-jobs", 2)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("8 experiments run")
    assert "0 experiments run" in trimtab("bench", "run", suite, "--store", store).out
    csv = trimtab("bench", "show", suite, "--store", store, "--format", "csv").out
    (tmp_path / "shown.csv").write_text(csv)
    shown = pd.read_csv(tmp_path / "shown.csv")
    assert list(shown["method"]) == ["logistic-regression", "small forest"] * 2
    assert list(shown["n"]) == [2] * 4
    assert shown["paper_mean"].tolist()[3] == 0.9
    assert "mean rank" in trimtab("bench", "show", suite, "--store", store).out
    assert trimtab("bench", "export", suite, "--store", store).code == 0
    exported = tmp_path / "docs/results/mine.csv.gz"
    assert len(gzip.decompress(exported.read_bytes()).splitlines()) == 9
    again = trimtab("bench", "show", suite, "--from", exported, "--format", "csv").out
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "shown.csv"),
        pd.read_csv(io.StringIO(again)),
        rtol=1e-4,
    )


def test_part_of_a_suite_can_be_run(trimtab, suite, tmp_path):
    """Data sets by the end of a name, methods by label, other seeds."""
    ran = trimtab(
        "bench", "run", suite, "--datasets", "wine", "--methods", "small*",
        "--seeds", "1,2", "--store", f"sqlite:///{tmp_path}/bench.sqlite",
    )  # fmt: skip
    assert ran.code == 0
    assert ran.out.startswith("4 experiments run")
