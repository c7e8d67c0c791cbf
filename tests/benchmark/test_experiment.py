"""An experiment has one name for ever."""

# SPDX-License-Identifier: BSD-3-Clause

import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.protocol import Protocol
from trimtab.exceptions import InputError

EXPERIMENT = Experiment.of(
    {"b": [1, 2.5], "a": "é"},
    dataset="imblearn27/ecoli",
    method="lightgbm",
    protocol=Protocol(5, tune_threshold=True),
    repeat=1,
    fold=3,
    seed=7,
)


def test_key_is_pinned() -> None:
    """Results in stores are found by it: change it only with a way to carry them on."""
    assert EXPERIMENT.key == "5e654fae84b16095c87602ceb72e4995"
    plain = Experiment("claims.csv@0123456789ab", "smote", Protocol(), 0, 0)
    assert plain.key == "c31ad2dcfd811353fa3af2da92c1b132"


def test_key_is_the_same_in_another_process() -> None:
    """Nothing that varies between processes, such as hash seeds, is in it."""
    code = "import pickle, sys;print(pickle.loads(bytes.fromhex(sys.argv[1])).key)"
    packed = pickle.dumps(EXPERIMENT).hex()

    printed = subprocess.run(
        [sys.executable, "-c", code, packed], capture_output=True, text=True, check=True
    ).stdout

    assert printed.strip() == EXPERIMENT.key


def test_order_of_parameters_does_not_matter() -> None:
    """A mapping has none; nor do spaces in the JSON."""
    fields: dict[str, Any] = {
        "dataset": "d", "method": "m", "protocol": Protocol(), "repeat": 0, "fold": 0
    }  # fmt: skip
    one = Experiment.of({"a": 1, "b": {"c": 2, "d": 3}}, **fields)
    other = Experiment.of({"b": {"d": 3, "c": 2}, "a": 1}, **fields)
    loose = Experiment(**fields, parameters='{"b":{"d":3,"c":2},  "a":1}')

    assert one.parameters == other.parameters
    assert json.loads(one.parameters) == {"a": 1, "b": {"c": 2, "d": 3}}
    assert one.key == other.key == loose.key
    assert len({one, other}) == 1


def test_number_of_repeats_is_no_part_of_the_key() -> None:
    """So that a run can be made longer."""
    longer = replace(EXPERIMENT, protocol=Protocol(5, 10, tune_threshold=True))

    assert longer.key == EXPERIMENT.key


def test_every_other_field_changes_the_key() -> None:
    """Different experiments never share a result."""
    holdout = {"n_splits": 1, "test_size": 0.2}
    others = [
        replace(EXPERIMENT, dataset="imblearn27/oil"),
        replace(EXPERIMENT, method="xgboost"),
        replace(EXPERIMENT, repeat=2),
        replace(EXPERIMENT, fold=4),
        replace(EXPERIMENT, seed=8),
        replace(EXPERIMENT, parameters="{}"),
        replace(EXPERIMENT, parameters='{"a": "é", "b": [1, 2.6]}'),
        replace(EXPERIMENT, protocol=Protocol(5)),
        replace(EXPERIMENT, protocol=Protocol(6, tune_threshold=True)),
        replace(EXPERIMENT, protocol=Protocol(**holdout, tune_threshold=True)),
        replace(EXPERIMENT, protocol=Protocol(1, 1, 0.3, tune_threshold=True)),
    ]

    keys = {experiment.key for experiment in [EXPERIMENT, *others]}

    assert len(keys) == len(others) + 1
    assert all(len(key) == 32 for key in keys)


def test_an_experiment_cannot_be_changed() -> None:
    """A key that was told stays true."""
    with pytest.raises(FrozenInstanceError):
        EXPERIMENT.seed = 1  # type: ignore[misc]


def test_each_repeat_has_its_own_random_state() -> None:
    """The folds of a repeat share it."""
    assert EXPERIMENT.random_state == 70_001
    assert replace(EXPERIMENT, fold=0).random_state == 70_001
    assert replace(EXPERIMENT, repeat=0).random_state == 70_000


def test_an_outcome_is_empty_unless_told() -> None:
    """An error has a reason and nothing else; no two share a container."""
    one, other = Outcome("error", "ValueError: no"), Outcome("timeout")

    assert one.measures == {}
    assert one.per_class == []
    assert one.threshold is None
    assert one.scores is None
    assert one.measures is not other.measures


@pytest.mark.parametrize("seed", [-1, 429_496, 10**20])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    """No two seeds may share a split, so there is a largest."""
    with pytest.raises(InputError, match=f"the seed is {seed}: give one from 0"):
        replace(EXPERIMENT, seed=seed)


def test_edited_code_is_another_experiment() -> None:
    """The digest of a user's code is part of the key; without one the key stays."""
    assert replace(EXPERIMENT, code="abc").key != EXPERIMENT.key
    assert replace(EXPERIMENT, code="").key == EXPERIMENT.key
