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
    text = trimtab("bench", "show", suite, "--store", store, "--format", "markdown").out
    assert "| method | ours | n | paper | distance |" in text
    drawn = trimtab("bench", "plot", suite, "--store", store, "--out", tmp_path / "p")
    assert (drawn.code, "it names no reference" in drawn.err) == (2, True)
    nowhere = suite / "in a file"
    for command in ("plot", "export"):
        written = trimtab("bench", command, suite, "--store", store, "--out", nowhere)
        assert (written.code, "cannot write to" in written.err) == (2, True)
    assert trimtab("bench", "export", suite, "--store", store).code == 0
    exported = tmp_path / "mine.csv.gz"
    assert len(gzip.decompress(exported.read_bytes()).splitlines()) == 9
    again = trimtab("bench", "show", suite, "--from", exported, "--format", "csv").out
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "shown.csv"),
        pd.read_csv(io.StringIO(again)),
        rtol=1e-4,
    )
    other = f"sqlite:///{tmp_path}/other.sqlite"
    taken = trimtab("bench", "import", suite, "--from", exported, "--store", other)
    assert taken.out.startswith("8 experiments added, 0 were there, 0 are none of")
    plain = tmp_path / "plain" / "mine.csv"
    written = trimtab("bench", "export", suite, "--store", store, "--out", plain)
    assert written.code == 0
    taken = trimtab("bench", "import", suite, "--from", plain, "--store", other)
    assert taken.out.startswith("0 experiments added, 8 were there")
    renamed = exported.with_name("others.csv.gz")
    renamed.write_bytes(exported.read_bytes())
    refused = trimtab("bench", "import", suite, "--from", renamed, "--store", other)
    assert (refused.code, "is not called mine.csv.gz or mine.csv" in refused.err) == (
        2,
        True,
    )
    assert "0 experiments run" in trimtab("bench", "run", suite, "--store", other).out
    suite.write_text('reference = "small forest"' + suite.read_text())
    drawn = trimtab("bench", "plot", suite, "--store", store, "--out", tmp_path / "p")
    assert drawn.out.split() == [str(tmp_path / "p" / "differences.png")]


def test_part_of_a_suite_can_be_run(trimtab, suite, tmp_path):
    """Data sets by the end of a name, methods by label, other seeds."""
    ran = trimtab(
        "bench", "run", suite, "--datasets", "wine", "--methods", "small*",
        "--seeds", "1,2", "--store", f"sqlite:///{tmp_path}/bench.sqlite",
    )  # fmt: skip
    assert ran.code == 0
    assert ran.out.startswith("4 experiments run")


TUNED_SUITE = """
title = "Two methods, one of them tuned"
description = "For the tests."
datasets = ["sklearn/wine"]
methods = [
  "logistic-regression",
  {method = "logistic-regression", label = "as it comes", tuning = false},
]
metric = "macro_f1"

[protocol]
n_splits = 2

[tuning]
n_trials = 4
metric = "log_loss"
"""


def test_a_tuned_suite_is_run_shown_and_exported(trimtab, tmp_path):
    """Each label has its own results; --trials is another run, shown by itself."""
    (tmp_path / "tuned.toml").write_text(TUNED_SUITE)
    store = f"sqlite:///{tmp_path}/bench.sqlite"
    command = ("bench", "run", "tuned.toml", "--store", store, "--n-jobs", 2)
    ran = trimtab(*command)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("4 experiments run")
    fewer = trimtab(*command, "--trials", 2)
    assert fewer.out.startswith("2 experiments run")
    assert trimtab(*command, "--trials", 0).out.startswith("0 experiments run")
    assert trimtab("bench", "export", "tuned.toml", "--store", store).code == 0
    exported = tmp_path / "tuned.csv.gz"
    results = pd.read_csv(exported)
    assert results["method"].tolist() == ["logistic-regression", "as it comes"] * 2
    assert results["n_trials"].tolist()[::2] == [4, 4]
    assert results["tuned_parameters"].isna().tolist() == [False, True] * 2
    where = (["--store", store], ["--from", exported])
    shown = [trimtab("bench", "show", "tuned.toml", *place).out for place in where]
    assert shown[0] == shown[1]
    assert "as it comes" in shown[0]
    cheap = trimtab("bench", "show", "tuned.toml", "--store", store, "--trials", 2)
    assert cheap.code == 0
