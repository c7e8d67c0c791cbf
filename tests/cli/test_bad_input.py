"""Bad input gets one clear line, exit code 2, and nothing is written."""

import gzip
import os
import re
import sys
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "docs" / "results"
ROWS = [f"{i},{i % 7},{('yes' if i % 9 == 0 else 'no')}" for i in range(90)]
CSV = "\n".join(["a,b,y", *ROWS, ""])


def _with(text: str) -> bytes:
    return text.encode()


FILES = {
    "empty.csv": b"",
    "header.csv": b"a,b,y\n",
    "latin.csv": CSV.replace("no", "né").encode("latin-1"),
    "twice.csv": _with(CSV.replace("a,b,y", "a,a,y")),
    "one_class.csv": _with(CSV.replace("yes", "no")),
    "missing.csv": _with(CSV.replace("yes", "")),
    "infinite.csv": _with(CSV.replace("\n5,5,no", "\n5,inf,no")),
    "good.csv": _with(CSV),
    "many.csv": _with("a,y\n" + "".join(f"{i},c{i % 500}\n" for i in range(3000))),
    "continuous.csv": _with("a,y\n" + "".join(f"{i},{i / 7}\n" for i in range(90))),
    "rare.csv": _with(CSV.replace("0,0,yes", "0,0,other")),
    "ragged.csv": _with(CSV + "1,2,no,4,5\n"),
    "damaged.csv.gz": gzip.compress(_with(CSV))[:60],
    "no.parquet": b"PAR1 and then nothing of the kind",
    "only.csv": b"y\n" + b"yes\nno\n" * 20,
}

BAD = [
    (["nosuch.csv", "--target", "y"], "no such file: nosuch.csv"),
    (["god.csv", "--target", "y"], "did you mean 'good.csv'"),
    (["good.cvs", "--target", "y"], "neither a file nor .*: did you mean 'good.csv'"),
    (["no/such", "--target", "y"], "no/such is neither a file nor a data set: give a"),
    (["imblearn27/mamography"], "no data set 'imblearn27/mamography': did you mean"),
    (["mamography"], "did you mean 'imblearn27/mammography'|mammography"),
    (["empty.csv", "--target", "y"], "empty.csv is empty"),
    (["header.csv", "--target", "y"], "a header but no rows"),
    (["good.csv"], "--target"),
    (["good.csv", "--target", "Y"], "no column 'Y'"),
    (["one_class.csv", "--target", "y"], "one class only, 'no'"),
    (["continuous.csv", "--target", "y"], "y is continuous"),
    (["missing.csv", "--target", "y"], "y is missing in 10 of 90 rows"),
    (["rare.csv", "--target", "y"], "class 'other' has 1 row, fewer than the 5"),
    (["many.csv", "--target", "y"], "500 classes"),
    (["twice.csv", "--target", "y"], "the column 'a' 2 times"),
    (["latin.csv", "--target", "y"], "latin.csv is not UTF-8 .*iconv"),
    (["infinite.csv", "--target", "y"], "column 'b' holds 1 infinite value:"),
    (["ragged.csv", "--target", "y"], "cannot be read as a table"),
    (["damaged.csv.gz", "--target", "y"], "not a whole gzip file"),
    (["no.parquet", "--target", "y"], "not a readable Parquet file"),
    (["only.csv", "--target", "y"], "the only column"),
    ([".", "--target", "y"], "is a folder"),
    (["good.csv", "--target", "y", "--methods", "smoot"], "did you mean 'smote'"),
    (["good.csv", "--target", "y", "--metric", "auc"], "no metric 'auc'"),
    (["good.csv", "--target", "y", "--positive", "Yes"], "did you mean 'yes'"),
    (
        ["good.csv", "--target", "y", "--metric", "averge_precision"],
        "no metric 'averge_precision': did you mean 'average_precision'",
    ),
    (
        ["good.csv", "--target", "y", "--positive", "maybe"],
        "y has no class 'maybe': .*'no', 'yes'",
    ),
    (["good.csv", "--target", "y", "--folds", "1"], r"\(folds\) is 1"),
    (["good.csv", "--target", "y", "--repeats", "0"], r"\(repeats\) is 0"),
    (["good.csv", "--target", "y", "--time-limit", "-1"], "--time-limit is -1"),
    (["good.csv", "--target", "y", "--time-limit", "inf"], "--time-limit is inf"),
    (["good.csv", "--target", "y", "--time-limit", "nan"], "--time-limit is nan"),
    (["good.csv", "--target", "y", "--tune", "0"], "tuning: n_trials is 0"),
    (["good.csv", "--target", "y", "--tune-time-limit", "9"], "there is none: give"),
    (
        ["good.csv", "--target", "y", "--tune", "9", "--tune-time-limit", "-1"],
        "tuning: time_limit is -1",
    ),
    (
        [
            "good.csv",
            "--target",
            "y",
            "--store",
            "postgresql+psycopg://u@127.0.0.1:1/d",
        ],
        "cannot be opened",
    ),
    (["good.csv", "--target", "y", "--out", "good.csv/report"], "cannot write to"),
    (
        ["good.csv", "--target", "y", "--no-tune-threshold", "--metric", "tuned_mcc"],
        "needs tune_threshold",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[str(b[0]) for b in BAD])
def test_bad_input_is_one_line_and_code_2(trimtab, tmp_path: Path, arguments, message):
    """The line names the value and the cure; no traceback, no file, no folder."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    before = sorted(os.listdir(tmp_path))
    ran = trimtab("compare", *arguments)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("trimtab: ")
    assert ran.err.count("\n") == 1
    assert re.search(message, ran.err), ran.err
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(trimtab, tmp_path: Path):
    """An unwritable --out is told before anything runs."""
    (tmp_path / "good.csv").write_text(CSV)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    ran = trimtab("compare", "good.csv", "--target", "y", "--out", locked)
    assert ran.code == 2
    assert "cannot write to" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "control"], "did you mean 'controls'"),
        (["run", "controls", "--datasets", "mamography"], "no data set 'mamography'"),
        (["run", "controls", "--methods", "lightgmb"], "did you mean 'lightgbm'"),
        (["run", "controls", "--seeds", "one"], "--seeds is 'one'"),
        (["run", "controls", "--time-limit", "inf"], "or 0 for none"),
        (["run", "controls", "--trials", "5"], "suite controls: it tunes nothing"),
        (["show", "controls", "--from", "nothing.csv.gz"], "no such file"),
        (["show", "art-table1", "--from", "a.csv.gz", "--trials", "5"], "leave out"),
        (
            ["show", "controls", "--from", str(RESULTS), "--seeds", "77"],
            "controls.csv.gz has no result of the seeds 77: it has 0; choose",
        ),
        (["show", "controls"], "there is no store trimtab-bench.sqlite"),
        (["run", "mine.toml"], "no such suite file: mine.toml; give the path of a"),
        (["run", "../ok.csv"], "../ok.csv is no suite, whose file ends in .toml: give"),
    ],
)
def test_bad_suites_are_one_line_and_code_2(trimtab, arguments, message):
    """The same holds for suites."""
    ran = trimtab("bench", *arguments)
    assert ran.code == 2, ran
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_tuning_without_optuna_says_what_to_install(trimtab, tmp_path, monkeypatch):
    """It comes with an extra."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    (tmp_path / "good.csv").write_text(CSV)
    ran = trimtab("compare", "good.csv", "--target", "y", "--tune", 3,
                  "--methods", "logistic-regression")  # fmt: skip
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == (
        "trimtab: optuna is not installed; it comes with: pip install 'trimtab[bench]'"
    )
