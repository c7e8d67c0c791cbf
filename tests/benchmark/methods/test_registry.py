"""The registry, and what holds for every method in it."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
import runpy
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import optuna
import pytest
from sklearn.base import clone

from tests.benchmark import small_tables
from trimtab.benchmark.methods import (
    Method,
    controls,
    get_method,
    list_methods,
    method,
    register,
    registry,
)
from trimtab.exceptions import InputError

every_method = pytest.mark.parametrize(
    "tried", list_methods(), ids=[one.name for one in list_methods()]
)
# What costs most has a parameter to make it cheap.
FAST = {"lightgbm-tuned-threshold": {"cv": 2}, "easy-ensemble": {"n_estimators": 2}}
EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "my_methods.py"


@pytest.fixture
def own_registry(monkeypatch):
    """Let a test register methods without a trace."""
    monkeypatch.setattr(registry, "_registry", dict(registry._registry))


def _fit_or_skip(tried: Method, table: small_tables.SmallTable, seed: int = 0):
    reason = tried.reason_to_skip(table.info)
    if reason:
        pytest.skip(reason)
    return table.fit(tried, random_state=seed, **FAST.get(tried.name, {}))


@pytest.mark.filterwarnings("ignore:the meta set has:UserWarning")  # few rows
@every_method
@pytest.mark.parametrize(
    "make", ["with_holes", "mixed", "three_classes", "sparse_numbers"]
)
def test_every_method_learns_from_every_kind_of_table(tried, make):
    """Each method finds the rarest class at least three times as well as chance.

    Of NearMiss, which keeps the rows that are hardest to tell apart, less is asked.
    """
    if make == "three_classes":
        table = small_tables.numbers((96, 48, 24))
    else:
        table = getattr(small_tables, make)()

    fitted = _fit_or_skip(tried, table)

    assert fitted.classes_.tolist() == np.unique(table.y).tolist()
    scores = fitted.predict_proba(table.X_test)
    assert scores.shape == (len(table.y_test), len(fitted.classes_))
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    assert set(fitted.predict(table.X_test)) <= set(fitted.classes_)
    assert table.lift(fitted) > (1.3 if tried.name.startswith("near-miss") else 3)


@every_method
def test_every_method_repeats_itself_pickles_and_clones(tried):
    """The same seed gives the same probabilities to the last bit."""
    table = (
        small_tables.mixed("polars")
        if tried.name == "smotenc"
        else (small_tables.numbers())
    )
    fitted = _fit_or_skip(tried, table, seed=3)
    scores = fitted.predict_proba(table.X_test)

    again = clone(fitted).fit(table.X, table.y)
    np.testing.assert_array_equal(again.predict_proba(table.X_test), scores)
    restored = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(restored.predict_proba(table.X_test), scores)


@every_method
def test_every_method_is_described_in_one_line(tried):
    """Names are what users type; descriptions fit on the leaderboard."""
    assert tried.name == tried.name.lower().replace(" ", "-").replace("_", "-")
    assert tried.family in {"control", "classic", "network", "learned"}
    assert tried.description.endswith(".")
    assert len(tried.description) < 100
    assert pickle.loads(pickle.dumps(tried)).name == tried.name


def test_quick_portfolio_is_short_and_holds_the_controls():
    """Quick means about a dozen methods, with and without resampling."""
    quick = [one for one in list_methods() if one.quick]

    assert 10 <= len(quick) <= 14
    assert {one.family for one in quick} == {"control", "classic", "learned"}
    assert {"lightgbm", "bagged-lightgbm", "lightgbm-tuned-threshold"} < {
        one.name for one in quick
    }


@pytest.mark.parametrize(
    "name",
    [
        "lightgbm",
        "lightgbm-class-weight",
        "random-forest",
        "logistic-regression",
        "smote",
        "adasyn",
        "smote-enn",
        "smotenc",
        "random-over-sampling",
        "random-under-sampling",
    ],
)
def test_search_space_gives_parameters_that_fit(name):
    """What a study suggests can be built and fitted."""
    table = small_tables.mixed()
    tried = get_method(name)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    for _ in range(2):
        trial = study.ask()
        parameters = tried.search_space(trial)
        assert parameters.keys() >= trial.params.keys() > set()
        assert table.lift(table.fit(tried, **parameters)) > 1.5


def test_list_methods_by_family():
    """A family's methods are all of that family."""
    controls = [one.name for one in list_methods("control")]

    assert controls[0] == "lightgbm"
    assert "smote" not in controls
    assert "smote" in [one.name for one in list_methods("classic")]
    with pytest.raises(InputError, match="no family 'clasic': did you mean 'classic'"):
        list_methods("clasic")


def test_unknown_method_names_the_nearest():
    """A misspelt name is an error that helps."""
    with pytest.raises(InputError, match="no method 'smot': did you mean 'smote'"):
        get_method("smot")


@pytest.mark.usefixtures("own_registry")
def test_decorated_factory_is_a_method():
    """The decorator registers a factory and leaves it as it was."""

    @method("my-own", family="own", description="Mine.")
    def build(info, random_state):
        return (info, random_state)

    assert get_method("my-own") == Method("my-own", "Mine.", "own", build)
    assert build("info", 1) == ("info", 1)


@pytest.mark.usefixtures("own_registry")
def test_partials_of_shipped_factories_are_told_apart():
    """Results of one are not taken for another's, registered or not."""
    few, many = (
        Method("small", "Mine.", "own", partial(controls.lightgbm, n_estimators=n))
        for n in (1, 200)
    )
    assert few.code
    assert few.code != many.code
    assert register(replace(few)).code == few.code
    method("decorated", family="own", description="Mine.")(few.build)
    assert get_method("decorated").code == few.code


@pytest.mark.usefixtures("own_registry")
def test_method_of_the_same_name_is_replaced():
    """Registering a name again replaces the method."""
    mine = Method("smote", "Mine.", "own", lambda info, random_state: None)

    assert register(mine) is mine
    assert get_method("smote") is mine


@pytest.mark.usefixtures("own_registry")
def test_methods_come_through_the_entry_point(monkeypatch):
    """A package's entry point is loaded when methods are first asked for."""
    from importlib.metadata import EntryPoint

    entry = EntryPoint("more", "tests.benchmark.small_tables", "trimtab.methods")
    loaded = []
    monkeypatch.setattr(EntryPoint, "load", lambda self: loaded.append(self.name))
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry])
    monkeypatch.setattr(registry, "_loaded", False)

    list_methods()
    list_methods()

    assert loaded == ["more"]


@pytest.mark.usefixtures("own_registry")
def test_example_of_the_documentation_works():
    """The file that "Add a method" shows registers methods that learn."""
    runpy.run_path(str(EXAMPLE))
    table = small_tables.mixed()

    assert table.lift(table.fit(get_method("extra-trees"))) > 3
    reason = get_method("weights-by-root").reason_to_skip(small_tables.numbers().info)
    assert reason is None
    assert table.lift(table.fit(get_method("weights-by-root"))) > 3
