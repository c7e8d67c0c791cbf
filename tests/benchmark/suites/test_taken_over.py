"""Exports taken into a store."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from sklearn.dummy import DummyClassifier

from trimtab.benchmark.experiment import Outcome
from trimtab.benchmark.methods import get_method, registry
from trimtab.benchmark.store import Store
from trimtab.benchmark.suites.export_files import read_export, write_export
from trimtab.benchmark.suites.suite import load_suite
from trimtab.benchmark.suites.suite_results import read_results
from trimtab.benchmark.suites.taken_over import TakenOver, take_over
from trimtab.exceptions import InputError

RESULTS = Path(__file__).parents[3] / "docs" / "results"


def build_of_ones_own(info: Any, random_state: int) -> Any:
    """Stand for a factory in a user's file."""
    return DummyClassifier(random_state=random_state)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Name an empty store."""
    return f"sqlite:///{tmp_path}/store.sqlite"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Give it."""
    with Store(url) as opened:
        yield opened


@pytest.mark.parametrize("name", ["mesa-figure4", "eg-table1"])
def test_what_was_taken_over_exports_the_same_bytes(
    name: str, url: str, store: Store, tmp_path: Path
) -> None:
    """Labels, stages, costs, time-outs and scores of classes are all there."""
    plan, file = load_suite(name), RESULTS / f"{name}.csv.gz"
    done = take_over(plan, read_export(file), store)
    assert (done.there, done.others) == (0, 0)
    again = write_export(read_results(plan, url), tmp_path / "again.csv.gz")
    assert again.read_bytes() == file.read_bytes()


def test_what_the_store_has_stays(store: Store) -> None:
    """A second time nothing is added; a result of one's own is not replaced."""
    plan, exported = load_suite("controls"), read_export(RESULTS / "controls.csv.gz")
    mine = plan.experiments()[7]
    store.record(mine, Outcome("error", "of my own"), "me", "{}")
    assert take_over(plan, exported, store) == TakenOver(1039, 1, 0)
    assert take_over(plan, exported, store) == TakenOver(0, 1040, 0)
    assert store.results([mine])["reason"].tolist() == ["of my own"]


def test_what_was_tuned_is_taken_with_its_number_of_trials(store: Store) -> None:
    """Trials are a part of what an experiment is."""
    plan, exported = (
        load_suite("art-table1"),
        read_export(RESULTS / "art-table1.csv.gz"),
    )
    exported = exported[exported["tuning"] != ""]
    few = exported["tuning"].str.contains('"n_trials": 5[,}]')
    done = take_over(plan.with_trials(5), exported, store)
    assert (done.added, done.others) == (few.sum(), (~few).sum())
    found = store.results(plan.with_trials(5).experiments())
    tuned = found.set_index("method")["tuned_parameters"]
    assert tuned.str.startswith('{"').all()


def test_an_export_of_another_suite_is_refused(store: Store) -> None:
    """The message says what to name."""
    exported = read_export(RESULTS / "controls.csv.gz")
    with pytest.raises(InputError, match=r"none of the export's 1040 .* --seeds"):
        take_over(load_suite("mesa-figure4"), exported, store)
    with pytest.raises(InputError, match="the export has no column 'fold'"):
        take_over(load_suite("controls"), exported.drop(columns="fold"), store)


def test_an_experiment_that_is_there_twice_is_refused(store: Store) -> None:
    """Which of the two holds nobody knows."""
    exported = read_export(RESULTS / "controls.csv.gz")
    twice = pd.concat([exported, exported.tail(1)])
    with pytest.raises(InputError, match="an experiment is twice in the export"):
        take_over(load_suite("controls"), twice, store)


def test_methods_of_ones_own_are_not_taken(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their code may have changed since."""
    plan, exported = load_suite("controls"), read_export(RESULTS / "controls.csv.gz")
    own = replace(get_method("lightgbm"), build=build_of_ones_own)
    monkeypatch.setitem(registry._registry, "lightgbm", own)
    done = take_over(plan, exported, store)
    assert done.others == (exported["method"] == "lightgbm").sum() > 0


def test_what_a_deleted_result_left_behind_is_not_taken_for_the_new_one(
    store: Store, url: str
) -> None:
    """Someone deletes a result by hand and forgets its probabilities."""
    plan, exported = load_suite("controls"), read_export(RESULTS / "controls.csv.gz")
    one = plan.experiments()[0]
    store.record(one, Outcome("done", scores=np.ones((3, 2), np.float32)), "me", "{}")
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("delete from trimtab_results"))
    take_over(plan, exported, store)
    assert store.scores([one.key]) == {}


def test_nothing_is_added_where_one_result_came_first(store: Store) -> None:
    """All or none, so that doing it again is right."""
    one, other = load_suite("controls").experiments()[:2]
    store.record(one, Outcome("done"), "me", "{}")
    with pytest.raises(InputError, match="nothing was added"):
        store.add([(other, Outcome("done")), (one, Outcome("done"))], "{}")
    assert store.statuses([one.key, other.key]) == {one.key: "done"}


def test_no_measure_is_made_of_an_empty_cell(store: Store) -> None:
    """Two classes have no third one's scores."""
    plan, exported = load_suite("controls"), read_export(RESULTS / "controls.csv.gz")
    take_over(plan, exported, store)
    row = store.results(plan.experiments()[:1]).iloc[0]
    assert pd.notna(row["average_precision"])
    assert row["per_class"].count('"label"') == 2
