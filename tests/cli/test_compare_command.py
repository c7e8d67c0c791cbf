"""``trimtab compare`` from a file to a page."""

import io
import os
import sys

import pandas as pd
import pytest

METHODS = "logistic-regression,random-under-sampling"


def test_a_mixed_table_is_compared_as_it_comes(trimtab, claims, tmp_path):
    """Strings, dates and missing values need no preparation; three files result."""
    ran = trimtab(
        "compare", claims, "--target", "fraud", "--methods", METHODS, "--folds", 3,
        "--n-jobs", 2, "--out", "report",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "The page: report/report.html" in ran.out
    for name in ("lightgbm", *METHODS.split(",")):
        assert name in ran.out
    board = pd.read_csv(tmp_path / "report/leaderboard.csv")
    assert sorted(board["method"]) == sorted(["lightgbm", *METHODS.split(",")])
    results = pd.read_csv(tmp_path / "report/results.csv")
    assert len(results) == 9
    assert {"f1[yes]", "recall[no]", "average_precision"} <= set(results.columns)
    page = (tmp_path / "report/report.html").read_text()
    assert "claims.csv" in page


def test_a_second_run_is_resumed_from_the_store(trimtab, claims):
    """The same command again runs nothing and gives the same tables."""
    command = ("compare", claims, "--target", "fraud", "--methods", "smote",
               "--folds", 2, "--n-jobs", 1)  # fmt: skip
    assert trimtab(*command).code == 0
    first = (claims.parent / "trimtab-report/results.csv").read_bytes()
    again = trimtab(*command)
    assert again.code == 0
    assert (claims.parent / "trimtab-report/results.csv").read_bytes() == first


def test_a_method_that_fails_gives_exit_code_1(trimtab, claims):
    """The failure is named with its reason; the others are reported."""
    ran = trimtab(
        "compare", claims, "--target", "fraud", "--methods", "random-forest",
        "--folds", 2, "--n-jobs", 1, "--time-limit", 0.001,
    )  # fmt: skip
    assert ran.code == 1
    assert "failed: random-forest on 2 splits: threshold took more than" in ran.err
    assert ran.err.count(", 1 of them not tried\n") == 2
    assert (claims.parent / "trimtab-report/report.html").exists()


def test_a_terminal_that_lacks_a_character_gets_another(
    trimtab, claims, tmp_path, monkeypatch
):
    """As in Windows' older encodings: the run does not end in a UnicodeEncodeError."""
    printed, complained = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, "ascii"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(complained, "ascii", "strict"))
    ran = trimtab(
        "compare", claims, "--target", "fraud", "--methods", "logistic-regression",
        "--folds", 2, "--n-jobs", 1, "--no-tune-threshold", "--positive", "yes",
    )  # fmt: skip
    missing = trimtab("compare", "naïve.csv", "--target", "fraud")
    sys.stdout.flush()
    sys.stderr.flush()
    assert ran.code == 0
    assert b"mean +/- sd" in printed.getvalue()
    assert missing.code == 2
    assert b"no such file: na?ve.csv" in complained.getvalue()


def test_a_data_set_is_compared_by_its_name(trimtab, tmp_path):
    """What ships with scikit-learn needs no file and no target."""
    ran = trimtab(
        "compare", "sklearn/digits8", "--methods", "logistic-regression",
        "--folds", 2, "--n-jobs", 2, "--no-tune-threshold",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "1,797 rows" in ran.out


def test_the_target_of_a_named_data_set_is_known(trimtab):
    """Another target than the data set's is an error that names the right one."""
    ran = trimtab("compare", "sklearn/digits8", "--target", "nonsense")
    assert ran.code == 2
    assert "leave --target out" in ran.err


def test_methods_can_be_tuned(trimtab, claims, tmp_path):
    """All that have a search space; the files and the page say which, and how."""
    ran = trimtab(
        "compare", claims, "--target", "fraud", "--methods",
        "logistic-regression,balanced-random-forest", "--folds", 2, "--tune", 3,
        "--n-jobs", 2,
        "--no-tune-threshold", "--out", "report",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "logistic-regression (tuned)" in ran.out
    assert "balanced-random-forest (tuned)" not in ran.out
    results = pd.read_csv(tmp_path / "report/results.csv").set_index("method")
    assert results.loc["logistic-regression", "n_trials"].tolist() == [3, 3]
    assert results.loc["balanced-random-forest", "tuned_parameters"].isna().all()
    assert results.loc["lightgbm", "tuned_parameters"].str.contains("num_leaves").all()
    board = pd.read_csv(tmp_path / "report/leaderboard.csv").set_index("method")
    assert board["n_trials_mean"].fillna(0).to_dict() == {
        "lightgbm": 3, "logistic-regression": 3, "balanced-random-forest": 0
    }  # fmt: skip
    page = (tmp_path / "report/report.html").read_text()
    assert "by average precision is fitted on all training rows" in page
    assert "As they come: balanced-random-forest." in page


@pytest.mark.skipif(sys.platform != "linux", reason="names must be UTF-8 here")
def test_a_file_name_that_is_not_utf_8(trimtab, claims, tmp_path):
    """What of it cannot be written becomes a question mark."""
    name = os.fsdecode(b"caf\xe9.csv")
    claims.rename(tmp_path / name)
    ran = trimtab(
        "compare", name, "--target", "fraud", "--methods", "logistic-regression",
        "--folds", 2, "--n-jobs", 1, "--no-tune-threshold", "--out", "report",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "caf?.csv" in (tmp_path / "report/report.html").read_text()


def test_what_may_have_been_misread_is_told(trimtab, tmp_path):
    """A line for prices that stay text, another for a class called None."""
    rows = [f'{i % 7},"${i},000.00",{("Fire", "None")[i % 2]}' for i in range(1, 41)]
    (tmp_path / "t.csv").write_text("\n".join(["a,price,damage", *rows, ""]))
    ran = trimtab(
        "compare", "t.csv", "--target", "damage", "--methods", "logistic-regression",
        "--folds", 2, "--n-jobs", 1, "--no-tune-threshold",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "note: taken for text, though they look like numbers: 'price'" in ran.err
    assert "note: damage has a class called 'None'" in ran.err
