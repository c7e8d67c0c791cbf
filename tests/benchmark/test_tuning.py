"""How a method is tuned: what is said, and what is refused."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from typing import Any

import pytest

from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import Method, get_method
from trimtab.benchmark.methods.search_spaces import count_parameters, own_values
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.tuning import (
    Tuning,
    entry_tunings,
    merge_tables,
    read_tuning,
    tuning_tables,
)
from trimtab.exceptions import InputError

SMOTE = get_method("smote")  # k_neighbors and ratio
PLAIN = get_method("rusboost")  # nothing to search


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_trials": 0}, "tuning: n_trials is 0: give a whole number, 1 or more"),
        ({"n_trials": 2.5}, "n_trials is 2.5"),
        ({"n_trials": True}, "n_trials is True"),
        ({"n_splits": 0}, "n_splits is 0"),
        ({"n_seeds": "two"}, "n_seeds is 'two'"),
        ({"batch": 0}, "batch is 0"),
        ({"metric": "macro_f2"}, "no metric 'macro_f2': did you mean"),
        ({"metric": "tuned_mcc"}, "tuned_mcc needs a threshold .* use mcc"),
        ({"validation_fraction": 1.0}, "validation_fraction is 1.0: give a share"),
        ({"validation_fraction": "a"}, "validation_fraction is 'a'"),
        ({"time_limit": 0}, "time_limit is 0: give seconds above 0"),
        ({"time_limit": "1 h"}, "time_limit is '1 h'"),
    ],
)
def test_what_makes_no_sense_gets_one_line(
    options: dict[str, Any], message: str
) -> None:
    """The value is named, and what to give instead."""
    with pytest.raises(InputError, match=message) as caught:
        Tuning(**{"n_trials": 10, **options})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("n_trials", "batch", "size"),
    [(100, None, 20), (400, None, 20), (25, None, 5), (3, None, 1), (10, 20, 10)],
)
def test_batches_leave_some_for_what_was_learned(
    n_trials: int, batch: int | None, size: int
) -> None:
    """By default a fifth of the trials, at most 20; never more than there are."""
    assert Tuning(n_trials, batch=batch).batch_size == size


def test_untuned_experiments_keep_their_names_and_every_field_counts() -> None:
    """Results in stores stay where they are; another tuning is another experiment."""
    plain = Experiment("claims.csv@0123456789ab", "smote", Protocol(), 0, 0)
    assert plain.key == "c31ad2dcfd811353fa3af2da92c1b132"
    base = Tuning(10)
    others: list[dict[str, Any]] = [
        {"n_trials": 11}, {"metric": "mcc"}, {"n_splits": 2}, {"n_seeds": 2},
        {"validation_fraction": 0.2}, {"batch": 3}, {"time_limit": 60.0},
    ]  # fmt: skip
    tunings = [None, base, *(replace(base, **change) for change in others)]
    keys = {replace(plain, tuning=tuning).key for tuning in tunings}
    assert len(keys) == len(tunings)


def test_key_of_a_tuned_experiment_is_pinned() -> None:
    """Studies in stores are found by it."""
    tuned = Experiment("d", "smote", Protocol(), 0, 0, tuning=Tuning(10))
    assert tuned.key == "37020ab5ad8fcaf87c8b727f39605344"


def test_trials_by_the_number_of_parameters() -> None:
    """So many for each, of four at most; what is fixed is not counted."""
    table = {"trials_per_parameter": 25, "max_parameters": 4}

    def n_trials(name: str, **fixed: Any) -> int:
        found = read_tuning(table, get_method(name), fixed)
        return found.n_trials if found else 0

    assert n_trials("smote") == 50
    assert n_trials("smote", ratio=0.5) == 25
    assert n_trials("smote", ratio=0.5, k_neighbors=3) == 0
    assert n_trials("lightgbm") == 100
    assert n_trials("rusboost") == 0


def test_a_search_space_may_have_branches() -> None:
    """Those that the first values lead to are counted."""

    def space(trial: Any) -> dict[str, Any]:
        if trial.suggest_categorical("kind", ["a", "b"]) == "a":
            return {
                "x": trial.suggest_float("x", 0, 1),
                "y": trial.suggest_int("y", 1, 2),
            }
        return {"z": trial.suggest_float("z", 0, 1)}

    method = Method("m", "Branches.", "own", lambda info, seed: None, space)
    assert count_parameters(method, {}) == 3
    assert count_parameters(method, {"kind": "b"}) == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"n_trails": 5}, "tuning: no key 'n_trails': did you mean 'n_trials'"),
        ({}, "it does not say how many trials: give n_trials, or trials_per_parameter"),
        ({"n_trials": 5, "trials_per_parameter": 5}, "both n_trials and trials_per"),
        ({"trials_per_parameter": 0}, "trials_per_parameter is 0"),
        ({"trials_per_parameter": 5, "max_parameters": 0}, "max_parameters is 0"),
        ({"n_trials": 5, "metric": "f1"}, "no metric 'f1'"),
    ],
)
def test_bad_tables_get_one_line(table: dict[str, Any], message: str) -> None:
    """Of a suite's file."""
    with pytest.raises(InputError, match=message) as caught:
        read_tuning(table, SMOTE, {})
    assert "\n" not in str(caught.value)


def test_a_special_table_goes_before_a_general_one() -> None:
    """The number of trials is one thing, whichever way it is given."""
    general = {"trials_per_parameter": 25, "max_parameters": 4, "metric": "mcc"}

    assert merge_tables(general, {"n_trials": 7}) == {"n_trials": 7, "metric": "mcc"}
    assert merge_tables(general, {"trials_per_parameter": 5}) == {
        "trials_per_parameter": 5, "metric": "mcc"
    }  # fmt: skip
    assert merge_tables({"n_trials": 7}, {"metric": "mcc"}) == {
        "n_trials": 7, "metric": "mcc"
    }  # fmt: skip


def test_data_sets_and_methods_may_differ() -> None:
    """A table of their own, or false."""
    tables = tuning_tables(
        {
            "n_trials": 10,
            "datasets": {"wine": {"n_trials": 3}, "digits8": False},
        },
        ["sklearn/breast_cancer", "sklearn/wine", "sklearn/digits8"],
    )

    def trials(given: Any, method: Method = SMOTE) -> dict[str, int]:
        found = entry_tunings(given, tables, method, {})
        return {name: tuning.n_trials for name, tuning in found.items()}

    assert trials(True) == {"sklearn/breast_cancer": 10, "sklearn/wine": 3}
    assert trials(False) == {}
    assert trials({"metric": "mcc", "n_trials": 2}) == dict.fromkeys(tables, 2)
    assert trials(True, PLAIN) == {}
    untuned = tuning_tables(None, ["sklearn/wine"])
    assert entry_tunings(True, untuned, SMOTE, {}) == {}
    assert entry_tunings({"n_trials": 2}, untuned, SMOTE, {}) == {
        "sklearn/wine": Tuning(2)
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "tuning is 5: give a table"),
        ({"datasets": {"wine": 5}}, "tuning on sklearn/wine is 5: give a table, or"),
        ({"datasets": {"digits8": {}}}, "no data set 'digits8' in the suite"),
        ({"datasets": 5}, "datasets of the tuning are 5: give a table"),
        ({"n_trails": 5}, "no key 'n_trails'"),
    ],
)
def test_bad_suite_tables_get_one_line(given: Any, message: str) -> None:
    """Of the whole suite, and of its data sets."""
    with pytest.raises(InputError, match=message) as caught:
        tuning_tables(given, ["sklearn/wine"])
    assert "\n" not in str(caught.value)


def test_tuning_what_cannot_be_tuned_is_refused() -> None:
    """A table for a method without a search space is a mistake; so is a number."""
    tables = tuning_tables(None, ["sklearn/wine"])
    with pytest.raises(InputError, match="rusboost has no search space"):
        entry_tunings({"n_trials": 5}, tables, PLAIN, {})
    with pytest.raises(InputError, match="smote: its tuning is 5: give a table, or"):
        entry_tunings(5, tables, SMOTE, {})


def test_a_methods_own_values_are_found() -> None:
    """In the factory's signature, or in the learner that it builds."""
    from tests.benchmark.small_tables import numbers

    info = numbers().info
    assert own_values(SMOTE, info, {}) == {"k_neighbors": 5, "ratio": 1.0}
    assert own_values(SMOTE, info, {"ratio": 0.5}) == {"k_neighbors": 5}
    lightgbm = own_values(get_method("lightgbm"), info, {})
    assert lightgbm["num_leaves"] == 31
