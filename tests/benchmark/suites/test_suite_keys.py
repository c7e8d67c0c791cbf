"""What a suite's file may hold: each table's keys, and what they take."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

import pytest

from trimtab.benchmark.suites.suite import load_suite
from trimtab.exceptions import InputError

NEEDED = {"title": '"T"', "datasets": '["sklearn/wine"]', "methods": '["lightgbm"]'}
CLAIM = """[[claim]]
paper = "ART"
where = "1"
text = "So."
method = "lightgbm"
"""
GRID = '{ method = "smote", grid = %s }'

REFUSED = [
    ("datasets = 'sklearn/wine'", 'datasets is "sklearn/wine": give a list of one na'),
    ("datasets = []", "datasets is []: give a list of one name or more"),
    ("datasets = [3]", "datasets is [3]: give a list of one name or more"),
    ("methods = 'smote'", 'methods is "smote": give a list of one method or more'),
    ("methods = []", "methods is []: give a list of one method or more, each a name"),
    ("methods = [3]", "methods is [3]: give a list of one method or more"),
    ("methods = [{ label = 'a' }]", "[[methods]] 1: method is missing: add it"),
    (
        "methods = ['mesa', { method = 'smote', label = 3 }]",
        "[[methods]] 2: label is 3: give text, in quotes",
    ),
    (
        "methods = [{ method = 'smote', datasets = [] }]",
        "[[methods]] 1: datasets is []: give a list of one name or more",
    ),
    (
        "methods = [{ method = 'smote', parameters = { ratio = 2024-01-01 } }]",
        '[[methods]] 1: parameters is {"ratio": "2024-01-01"}: give a table of text',
    ),
    (
        "methods = [{ method = 'smote', tuning = { metric = 3 } }]",
        "[[methods]] 1, its tuning: metric is 3: give text",
    ),
    (f"methods = [{GRID % '{ k = 3 }'}]", '[[methods]] 1: grid is {"k": 3}: give a t'),
    (f"methods = [{GRID % '{ k = [] }'}]", '[[methods]] 1: grid is {"k": []}: give a'),
    ("sets = ['a']", "no key 'sets': did you mean '"),
    ("title = 3", "title is 3: give text, in quotes"),
    ("metric = 3", "metric is 3: give text"),
    ("further_metrics = 'brier'", 'further_metrics is "brier": give a list of texts'),
    ("seeds = 0", "seeds is 0: give a list of one whole number or more, from 0 to 4"),
    ("seeds = []", "seeds is []: give a list of one whole number or more"),
    ("seeds = [true]", "seeds is [true]: give a list of one whole number or more"),
    ("seeds = [-1]", "seeds is [-1]: give a list of one whole number or more"),
    ("time_limit = '5'", 'time_limit is "5": give seconds above 0, or leave it out'),
    ("time_limit = 0", "time_limit is 0: give seconds above 0"),
    ("time_limit = inf", "time_limit is Infinity: give seconds above 0"),
    ("together = 'yes'", 'together is "yes": give true or false'),
    ("protocol = 3", "protocol is 3: give a table"),
    ("protocol.n_split = 3", "[protocol]: no key 'n_split': did you mean 'n_splits'"),
    ("protocol.n_splits = 0", "[protocol]: n_splits is 0: give a whole number, 1 or"),
    ("protocol.n_splits = 2.5", "[protocol]: n_splits is 2.5: give a whole number"),
    ("protocol.stages = ['a']", '[protocol]: stages is ["a"]: give a list of whole nu'),
    ("protocol.tune_threshold = 'no'", 'tune_threshold is "no": give true or false'),
    ("tuning = true", "tuning is true: give a table"),
    ("tuning.n_trials = true", "[tuning]: n_trials is true: give a whole number, 1 or"),
    ("tuning.datasets.wine = true", '[tuning]: datasets is {"wine": true}: give a tab'),
    ("tuning.datasets.wine.batch = 0", "[tuning.datasets.wine]: batch is 0: give a wh"),
    ("shared = [{ method = 'a' }]", "[[shared]] 1: no key 'method': did you mean 'met"),
    ("paper = 3", "paper is 3: give tables, or the name of a CSV file"),
    ("paper = [3]", "paper is [3]: give tables, or the name of a CSV file"),
    ("[[paper]]\nmean = 'x'", "[[paper]] 1: dataset, method, metric are missing"),
    (
        "[[paper]]\ndataset = 'a'\nmethod = 'b'\nmetric = 'c'\nmean = 'x'",
        '[[paper]] 1: mean is "x": give a number',
    ),
    (f"{CLAIM}{CLAIM}ovr = []", "[[claim]] 2: no key 'ovr': did you mean 'over'"),
    (f"{CLAIM}over = 'a'", '[[claim]] 1: over is "a": give a list of texts'),
    (
        "[[claim]]\nmethod = 'a'",
        "[[claim]] 1: paper, where, text are missing: add them",
    ),
    ("plot = 3", "plot is 3: give tables"),
    ("[[plot]]\nname = 'a'\nknd = 'b'", "[[plot]] 1: no key 'knd': did you mean 'kin"),
    ("[[plot]]\nname = 'a'\nkind = 'curve'\nlog = 1", "log is 1: give true or false"),
]


def refusal(folder: Path, text: str) -> str:
    """Return the one line that a bad suite gets, without the file's name."""
    path = folder / "own.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load_suite(str(path))
    line = str(caught.value)
    assert "\n" not in line
    start = f"suite {path}: "
    assert line.startswith(start)
    return line.removeprefix(start)


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[r[0] for r in REFUSED])
def test_what_a_key_does_not_take_is_told(
    tmp_path: Path, line: str, message: str
) -> None:
    """The line names the table, the key, the value as TOML has it, and what to give."""
    given = line.partition(" ")[0]
    rest = "".join(f"{k} = {v}\n" for k, v in NEEDED.items() if k != given)
    assert message in refusal(tmp_path, f"{rest}{line}\n")


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    """Nobody mends a file key by key; what may be left out is not asked for."""
    assert refusal(tmp_path, "seeds = [0]\n") == (
        "title, datasets, methods are missing: add them"
    )


def test_a_long_value_is_shortened(tmp_path: Path) -> None:
    """The line stays one that can be read."""
    line = refusal(
        tmp_path, f"title = {list(range(100))}\ndatasets=['a']\nmethods=['a']"
    )
    assert line.endswith("...: give text, in quotes")
    assert len(line) < 100
