"""Suites: from a TOML file to experiments."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

import pytest

from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.sources import CatalogueSource, catalogue_sources
from trimtab.benchmark.suites.suite import (
    Entry,
    PaperValue,
    Suite,
    list_suites,
    load_suite,
    methods_of,
)
from trimtab.benchmark.tuning import Tuning
from trimtab.exceptions import InputError

TEXT = """
title = "A toy"
description = '''
For tests.
'''
datasets = ["digits8", "imblearn27/ecoli", "sklearn/wine"]
metric = "macro_f1"
seeds = [3, 4]
methods = [
  "lightgbm",
  { method = "random-forest", label = "forest-9", parameters = { max_depth = 9 } },
  { method = "random-forest" },
]

[protocol]
n_splits = 2
n_repeats = 2
tune_threshold = true

[[paper]]
dataset = "digits8"
method = "forest-9"
metric = "macro_f1"
mean = 0.9
sd = 0.01
"""

MINIMAL = """
title = "Small"
description = "One set, one method."
datasets = ["sklearn/wine"]
methods = ["lightgbm"]
"""


def load(folder: Path, text: str, name: str = "toy.toml") -> Suite:
    """Return the suite that a file with this text describes."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_suite(str(path))


def refusal(folder: Path, text: str) -> str:
    """Return the one line that a bad suite gets."""
    with pytest.raises(InputError) as caught:
        load(folder, text)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Give the suite of the text above."""
    return load(tmp_path, TEXT)


def test_file_says_what_the_suite_is(suite: Suite) -> None:
    """Names are completed, parameters are JSON, the description is trimmed."""
    assert suite == Suite(
        name="toy",
        title="A toy",
        description="For tests.",
        datasets=("sklearn/digits8", "imblearn27/ecoli", "sklearn/wine"),
        entries=(
            Entry("lightgbm", "lightgbm"),
            Entry("forest-9", "random-forest", '{"max_depth": 9}'),
            Entry("random-forest", "random-forest"),
        ),
        protocol=Protocol(2, 2, tune_threshold=True),
        metric="macro_f1",
        seeds=(3, 4),
        paper=(PaperValue("sklearn/digits8", "forest-9", "macro_f1", 0.9, 0.01),),
    )


def test_what_a_file_may_leave_out(tmp_path: Path) -> None:
    """Five folds, one seed, average precision, no paper, no description."""
    text = MINIMAL.replace('description = "One set, one method."', "")
    suite = load(tmp_path, text)

    assert suite.description == ""
    assert suite.protocol == Protocol(5)
    assert suite.seeds == (0,)
    assert suite.metric == "average_precision"
    assert suite.paper == ()


def test_experiments_go_set_by_set(suite: Suite) -> None:
    """Sets, then seeds, splits and methods: the methods of a split are run together."""
    experiments = suite.experiments()

    assert len(experiments) == 3 * 2 * 4 * 3
    assert len({experiment.key for experiment in experiments}) == len(experiments)
    assert experiments[1] == Experiment(
        "sklearn/digits8",
        "random-forest",
        suite.protocol,
        repeat=0,
        fold=0,
        seed=3,
        parameters='{"max_depth": 9}',
    )
    order = [(e.dataset, e.seed, e.repeat, e.fold) for e in experiments]
    places = {name: place for place, name in enumerate(suite.datasets)}
    assert order == sorted(order, key=lambda one: (places[one[0]], *one[1:]))


def test_labels_are_found_from_method_and_parameters(suite: Suite) -> None:
    """What is not in the suite keeps its name."""
    assert suite.label_of("random-forest", '{"max_depth": 9}') == "forest-9"
    assert suite.label_of("random-forest", "{}") == "random-forest"
    assert suite.label_of("random-forest", '{"max_depth": 3}') == "random-forest"
    assert suite.label_of("smote", "{}") == "smote"


TUNED = (
    MINIMAL.replace(
        '["lightgbm"]',
        """[
  "smote",
  { method = "smote", label = "half", parameters = { ratio = 0.5 } },
  { method = "smote", label = "plain", tuning = false },
  { method = "lightgbm", tuning = { n_trials = 7, metric = "mcc" } },
  "rusboost",
]""",
    ).replace('["sklearn/wine"]', '["sklearn/wine", "digits8"]')
    + """
[tuning]
trials_per_parameter = 5

[tuning.datasets.digits8]
n_trials = 3
"""
)


def test_methods_are_tuned_as_the_file_says(tmp_path: Path) -> None:
    """By the suite, the data set and the entry; its experiments know of it."""
    suite = load(tmp_path, TUNED)

    tuned = {entry.label: dict(entry.tunings) for entry in suite.entries}
    wine, digits = suite.datasets
    assert tuned == {
        "smote": {wine: Tuning(10), digits: Tuning(3)},
        "half": {wine: Tuning(5), digits: Tuning(3)},
        "plain": {},
        "lightgbm": {wine: Tuning(7, "mcc"), digits: Tuning(7, "mcc")},
        "rusboost": {},
    }
    first = suite.experiments()[0]
    assert (first.dataset, first.method, first.tuning) == (wine, "smote", Tuning(10))
    for entry in suite.entries:
        for dataset in suite.datasets:
            tuning = entry.tuning_on(dataset)
            text = tuning.as_json() if tuning else ""
            assert suite.label_of(entry.method, entry.parameters, text) == entry.label


def test_a_cheaper_run_has_fewer_trials(tmp_path: Path, suite: Suite) -> None:
    """For all that is tuned; with none it is the suite without tuning."""
    tuned = load(tmp_path, TUNED)

    cheaper = tuned.with_trials(2)
    trials = [t.n_trials for entry in cheaper.entries for _, t in entry.tunings]
    assert trials == [2] * 6
    assert {e.tuning for e in tuned.with_trials(0).experiments()} == {None}
    with pytest.raises(InputError, match="suite toy: it tunes nothing"):
        suite.with_trials(2)
    with pytest.raises(InputError, match="n_trials is -1"):
        tuned.with_trials(-1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trials_per_parameter", "trials", "[tuning]: no key 'trials'"),
        ("= 5\n", "= 0\n", "trials_per_parameter is 0"),
        (
            "tuning = false",
            "tuning = 5",
            "[[methods]] 3: tuning is 5: give a table",
        ),
        ("datasets.digits8", "datasets.iris", "'iris'"),
        ('"mcc"', '"mcv"', "tuning: no metric 'mcv': did you mean 'mcc'"),
        ("trials_per_parameter = 5", "n_seeds = 2", "does not say how many trials"),
    ],
)
def test_bad_tunings_get_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """In the suite, an entry or a data set."""
    assert message in refusal(tmp_path, TUNED.replace(old, new))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["sklearn/wine"], ["sklearn/wine"]),
        (["wine", "digits8"], ["sklearn/digits8", "sklearn/wine"]),
        (["sklearn/*"], ["sklearn/digits8", "sklearn/wine"]),
        (["*/e*", "wine"], ["imblearn27/ecoli", "sklearn/wine"]),
        (["wine", "sklearn/wine"], ["sklearn/wine"]),
    ],
)
def test_data_sets_are_chosen_by_name_end_or_pattern(
    suite: Suite, wanted: list[str], found: list[str]
) -> None:
    """They stay in the suite's order, each once; the rest of the suite stays."""
    part = suite.select(datasets=wanted)

    assert list(part.datasets) == found
    assert (part.entries, part.seeds, part.paper) == (
        suite.entries, suite.seeds, suite.paper
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["random-forest"], ["random-forest"]),
        (["*forest*"], ["forest-9", "random-forest"]),
        (["forest-9", "lightgbm"], ["lightgbm", "forest-9"]),
    ],
)
def test_methods_are_chosen_by_label_or_pattern(
    suite: Suite, wanted: list[str], found: list[str]
) -> None:
    """By label: one method may come several times."""
    part = suite.select(methods=wanted)

    assert [entry.label for entry in part.entries] == found
    assert part.datasets == suite.datasets


def test_what_is_named_twice_is_run_once(tmp_path: Path) -> None:
    """Otherwise each of its runs would count twice."""
    path = tmp_path / "twice.toml"
    path.write_text(
        'title = "t"\ndescription = "d"\nmethods = ["lightgbm"]\n'
        'datasets = ["sklearn/wine", "wine"]\nseeds = [5, 5, 1]\n'
    )
    suite = load_suite(str(path))
    assert (suite.datasets, suite.seeds) == (("sklearn/wine",), (5, 1))
    assert suite.select(seeds=[2, 2]).seeds == (2,)


def test_other_seeds_and_no_choice(suite: Suite) -> None:
    """Seeds need not be the suite's; without a choice it is the whole suite."""
    assert suite.select(seeds=[7]).seeds == (7,)
    assert suite.select() == suite


def test_a_choice_that_fits_nothing_is_refused(suite: Suite) -> None:
    """The nearest names of the suite are told."""
    with pytest.raises(InputError) as caught:
        suite.select(datasets=["wine", "sklearn/wines"])
    assert str(caught.value).startswith(
        "no data set 'sklearn/wines': did you mean 'sklearn/wine'"
    )
    with pytest.raises(InputError) as caught:
        suite.select(methods=["forest-8"])
    assert str(caught.value).startswith("no method 'forest-8': did you mean 'forest-9'")


def test_a_choice_that_leaves_nothing_to_run_is_refused(tmp_path: Path) -> None:
    """Zero experiments are no success."""
    own = '["smote", { method = "lightgbm", datasets = ["sklearn/wine"] }]'
    text = MINIMAL.replace('["lightgbm"]', own).replace(
        'wine"]', 'wine", "digits8"]', 1
    )
    with pytest.raises(InputError, match="runs lightgbm on other data sets alone"):
        load(tmp_path, text).select(["digits8"], ["lightgbm"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '["lightgbm"]',
            '["lightgbn"]',
            "no method 'lightgbn': did you mean 'lightgbm'",
        ),
        ("sklearn/wine", "sklearn/wines", "'sklearn/wines'"),
        (
            "\ntitle",
            "\nmetric = 'macro_f2'\ntitle",
            "no metric 'macro_f2': did you mean",
        ),
        ("\ntitle", "\nprotocol.n_splits = 1\ntitle", "(folds) is 1: give 2 or more"),
        ("\ntitle", "\ntitle", "suite toy.toml: not TOML: "),
    ],
)
def test_bad_suites_get_one_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    """What is unknown or makes no sense is named."""
    text = MINIMAL.replace(old, new)
    text += "title = 'again'" if old == new else ""

    assert message in refusal(tmp_path, text)


def test_reference_is_one_of_the_methods(tmp_path: Path) -> None:
    """By its label; a misspelt one would leave its tests out."""
    assert load(tmp_path, 'reference = "lightgbm"' + MINIMAL).reference == "lightgbm"

    assert refusal(tmp_path, 'reference = "lightgbn"' + MINIMAL).startswith(
        "suite toy.toml: no method is called 'lightgbn', its reference: did you mean"
    )


def test_two_methods_of_one_name_are_refused(tmp_path: Path) -> None:
    """Their results would be taken for those of one."""
    twice = '["lightgbm", { method = "lightgbm", parameters = { n_estimators = 9 } }]'

    message = refusal(tmp_path, MINIMAL.replace('["lightgbm"]', twice))

    assert message == (
        "suite toy.toml: 2 methods are called 'lightgbm': give each a label of its own"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('method = "forest"', "paper: no method 'forest' in the suite: known are"),
        ('dataset = "win"', "'win'"),
    ],
)
def test_numbers_of_the_paper_must_fit(tmp_path: Path, line: str, message: str) -> None:
    """A misspelt name would leave its number out of every table."""
    fields = {
        "dataset": '"wine"',
        "method": '"lightgbm"',
        "metric": '"mcc"',
        "mean": "1",
    }
    text = MINIMAL + "\n[[paper]]\n" + line + "\n"
    for name, value in fields.items():
        if f"{name} =" not in line:
            text += f"{name} = {value}\n"

    assert message in refusal(tmp_path, text)


def test_suites_that_are_not_there(tmp_path: Path) -> None:
    """An unknown name, a missing file, a file of another encoding."""
    with pytest.raises(InputError, match="no suite 'control': did you mean 'controls'"):
        load_suite("control")
    with pytest.raises(InputError, match=r"no such suite file: .*none\.toml"):
        load_suite(str(tmp_path / "none.toml"))
    (tmp_path / "latin.toml").write_bytes(b"title = '\xe9'")
    with pytest.raises(InputError, match="not UTF-8"):
        load_suite(str(tmp_path / "latin.toml"))


@pytest.mark.parametrize("name", list_suites())
def test_suites_that_ship_are_whole(name: str) -> None:
    """Every set, method and metric in them is known, and every experiment is one."""
    suite = load_suite(name)

    keys = [experiment.key for experiment in suite.experiments()]
    assert keys
    assert len(set(keys)) == len(keys)
    assert suite.title
    assert suite.description
    assert set(methods_of(suite)) == {entry.method for entry in suite.entries}


def test_controls_are_on_26_sets() -> None:
    """All of imbalanced-learn's sets but the largest, by every control."""
    assert "controls" in list_suites()
    suite = load_suite("controls")

    assert len(suite.datasets) == 26
    assert all(name.startswith("imblearn27/") for name in suite.datasets)
    assert "imblearn27/protein_homo" not in suite.datasets
    assert suite.entries[0].method == "lightgbm"
    assert (suite.protocol.n_splits, suite.protocol.test_size) == (5, None)


def test_sources_are_those_of_the_catalogue(tmp_path: Path) -> None:
    """Every worker finds the set by its name."""
    suite = load(tmp_path, MINIMAL)

    assert catalogue_sources(suite.datasets) == {
        "sklearn/wine": CatalogueSource("sklearn/wine")
    }
