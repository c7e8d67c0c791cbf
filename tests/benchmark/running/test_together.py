"""Experiments run together: outcomes as if alone, whatever goes wrong."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import signal
import sys
import threading
from dataclasses import replace
from typing import Any

import cloudpickle
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.benchmark.toy_methods import TOY, Toy
from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.messages import Phase
from trimtab.benchmark.methods import Method, get_method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running import pipeline_fits, together
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.benchmark.running.pipeline_fits import fit_pipelines
from trimtab.benchmark.running.progress import SilentProgress, TerminalProgress
from trimtab.benchmark.running.runner import Runner
from trimtab.benchmark.running.together import evaluate_together, grouped
from trimtab.benchmark.store import Store
from trimtab.synthesis.cwgan import CWGANOverSampler
from trimtab.tables import encode_labels

cloudpickle.register_pickle_by_value(sys.modules[__name__])

PROTOCOL = Protocol(n_splits=4, n_repeats=3, n_tested=3)
NETWORK = get_method("as-in-explicit-gradient")
MOVED = {"of": "explicit-gradient", "max_iter": 4}


def own_toy(info: Any, random_state: int, first: str = "", seconds: float = 0) -> Any:
    return Toy(first, seconds)


class CountedScaler(StandardScaler):
    """A scaler whose fits are counted."""

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> "CountedScaler":
        COUNTED.append(len(X))
        return super().fit(X, y)


COUNTED: list[int] = []

TOGETHER_TOY = replace(TOY, build=own_toy, fits_together=True)


def planned(method: Method, *settings: dict[str, Any]) -> list[Experiment]:
    """Return an experiment for each split and setting, setting by setting."""
    return [
        Experiment.of(
            parameters,
            dataset="small",
            method=method.name,
            code=method.code,
            protocol=PROTOCOL,
            repeat=repeat,
            fold=fold,
        )
        for parameters in settings
        for repeat, fold in PROTOCOL.splits()
    ]


@pytest.fixture(scope="module")
def table() -> tuple[Any, Any]:
    """Give 200 rows with one positive in six."""
    X, y = make_classification(200, 5, weights=[0.83], random_state=0)
    return X, encode_labels(y, positive=1)


def test_groups_have_whole_splits_of_one_method(monkeypatch):
    """Eight splits at most are run at once; others than those that may stay alone."""
    todo = [*planned(NETWORK, {}, MOVED), *planned(TOY, {})]
    groups = grouped(todo, {NETWORK.name: NETWORK, TOY.name: TOY})
    assert [len(group) for group in groups] == [16, *[1] * 9, 2]
    assert [e.key for e in groups[-1]] == [todo[8].key, todo[17].key]
    assert sorted(e.key for g in groups for e in g) == sorted(e.key for e in todo)


def test_a_pilot_goes_first():
    """Where fits may take too long, the first split is tried by itself."""
    todo = [*planned(NETWORK, {}, MOVED), *planned(TOY, {})]
    methods = {NETWORK.name: NETWORK, TOY.name: TOY}
    groups = grouped(todo, methods, pilot=True)
    assert [len(group) for group in groups] == [2, *[1] * 9, 16]
    assert {(e.repeat, e.fold) for e in groups[0]} == {(0, 0)}


def test_fits_that_are_too_slow_together_are_given_up(small_source, tmp_path):
    """The pilot tells, the bar goes on, and what is quick is there."""
    todo = planned(TOGETHER_TOY, {"seconds": 2.0}, {})
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        runner = Runner(
            store,
            {"small": small_source},
            {TOY.name: TOGETHER_TOY},
            together=True,
            time_limit=0.4,
            progress=TerminalProgress(),
        )
        assert runner.run(todo).run == 18
        found = store.results(todo)
    assert found["status"].tolist() == ["timeout"] * 9 + ["done"] * 9
    assert found["reason"].str.startswith("not tried").sum() == 8


def test_a_shared_step_has_the_time_of_one_fit(table):
    """Two methods behind one sampler must not give it twice the time."""
    names = "autosmote-self-lightgbm", "autosmote-self-random-forest"
    methods = {name: get_method(name) for name in names}
    todo = [planned(one, {"max_iter": 1})[0] for one in methods.values()]
    phases: list[Phase] = []
    list(evaluate_together(todo, methods, *table, phases.append))
    assert phases == [Phase("fit", 1), Phase("predict", 2)]


@pytest.mark.parametrize(
    "names",
    [
        ("autosmote-self-lightgbm", "autosmote-self-random-forest"),
        ("explicit-gradient-lightgbm", "explicit-gradient-forest"),
        ("cwgan", "cwgan-random-forest"),
    ],
    ids=lambda names: names[0],
)
def test_methods_that_begin_alike_share_their_steps(table, names, monkeypatch):
    """They run split for split, fit the sampler once, and score as they do alone."""
    protocol = replace(PROTOCOL, tune_threshold=True)
    setting = "gan_max_iter" if "cwgan" in names else "max_iter"
    methods = {name: get_method(name) for name in names}
    todo = [
        replace(one, protocol=protocol)
        for method in methods.values()
        for one in planned(method, {setting: 3})[:2]
    ]
    groups = grouped(todo, methods)
    # GANs of several splits are trained side by side.
    expected = [[*names] * 2] if "cwgan" in names else [[*names], [*names]]
    assert [[e.method for e in group] for group in groups] == expected
    fitted: list[str] = []
    fit_step = pipeline_fits._fit_step
    monkeypatch.setattr(
        pipeline_fits,
        "_fit_step",
        lambda step, X, y: (fitted.append(type(step).__name__), fit_step(step, X, y))[
            1
        ],
    )
    found = list(evaluate_together(groups[0], methods, *table))
    # For the threshold, and for the fit, once a split.
    assert len(fitted) == len(set(fitted)) * len(groups[0])
    for one in found:
        experiment = groups[0][one.position]
        alone = evaluate(experiment, methods[experiment.method], *table)
        np.testing.assert_allclose(one.outcome.scores, alone.scores, atol=1e-6)
        assert one.outcome.threshold == pytest.approx(alone.threshold, abs=1e-6)


def test_stages_stay_alone():
    """Stages of an ensemble, which take fits of their own, are not run together."""
    staged = replace(PROTOCOL, stages=[2])
    todo = [replace(e, protocol=staged) for e in planned(NETWORK, {})]
    groups = grouped(todo, {NETWORK.name: NETWORK})
    assert [len(group) for group in groups] == [1] * 9


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("network", {}),
        ("art", {}),
        ("network-over-sampling", {"synthesis": "smote"}),
        ("autosmote-cohort", {}),
        ("autosmote-self", {"learn_from": "held-out"}),
        ("network-cwgan", {"gan_max_iter": 2}),
    ],
)
def test_seeds_and_thresholds_are_those_of_single_fits(table, name, settings):
    """Splits of two seeds, each with a threshold of its own, in one group."""
    network = get_method(name)
    tuned = replace(PROTOCOL, n_repeats=1, tune_threshold=True)
    settings = {"max_iter": 3, "n_replicas": 2, **settings}
    todo = [
        replace(one, protocol=tuned, seed=seed)
        for seed in (0, 7)
        for one in planned(network, settings)[:2]
    ]
    assert [len(group) for group in grouped(todo, {name: network})] == [4]
    phases: list[Phase] = []
    found = list(evaluate_together(todo, {name: network}, *table, phases.append))
    assert phases[0] == Phase("threshold", 4)
    for one in found:
        alone = evaluate(todo[one.position], network, *table)
        np.testing.assert_allclose(one.outcome.scores, alone.scores, atol=1e-3)
        assert one.outcome.threshold == pytest.approx(alone.threshold, abs=1e-3)
        assert one.outcome.measures["threshold_seconds"] > 0


def test_outcomes_are_those_of_single_fits(table):
    """Scores, measures and rows are equal but for rounding; costs are shared."""
    settings = [
        {"max_iter": 4, "sampler": "SMOTE"},
        MOVED,
        {**MOVED, "row_learning_rate": 0.0},
        {**MOVED, "of": "explicit-gradient-lightgbm"},
    ]
    todo = planned(NETWORK, *settings)
    phases: list[Phase] = []

    found = list(
        evaluate_together(todo, {NETWORK.name: NETWORK}, *table, phases.append)
    )

    assert sorted(one.position for one in found) == list(range(len(todo)))
    assert phases == [Phase("fit", len(todo)), Phase("predict", len(todo))]
    for one in found:
        alone = evaluate(todo[one.position], NETWORK, *table)
        np.testing.assert_allclose(one.outcome.scores, alone.scores, atol=1e-4)
        more = {"n_fitted_together"}
        assert one.outcome.measures.keys() - more == alone.measures.keys()
        for name in ("n_train_rows", "n_test_rows"):
            assert one.outcome.measures[name] == alone.measures[name]
        assert one.outcome.measures["n_fitted_together"] == len(todo)
        assert one.outcome.per_class == alone.per_class


def test_large_tables_are_cut(table, monkeypatch):
    """As many splits at once as there is room for, one at least."""
    todo, phases = planned(NETWORK, MOVED), []
    monkeypatch.setattr(together, "BYTES_AT_ONCE", 2 * table[0].nbytes)
    list(evaluate_together(todo[:3], {NETWORK.name: NETWORK}, *table, phases.append))
    assert [p.n_fits for p in phases if p.name == "fit"] == [2, 1]
    monkeypatch.setattr(together, "BYTES_AT_ONCE", 1)
    assert len(list(evaluate_together(todo[:3], {NETWORK.name: NETWORK}, *table))) == 3


def test_equal_steps_are_fitted_once_on_each_table(table):
    """Two pipelines on one split share the scaler, one on another has its own."""
    X, labels = table
    COUNTED.clear()
    splits = [(X[:150], labels.codes[:150]), (X[50:], labels.codes[50:])]
    models = [make_pipeline(CountedScaler(), Toy(seconds=0.01 * i)) for i in range(3)]
    seconds = fit_pipelines(models, [splits[0], splits[0], splits[1]])
    assert len(COUNTED) == 2
    assert len(seconds) == 3
    assert seconds[2] > 0.02
    expected = make_pipeline(StandardScaler(), Toy()).fit(*splits[1])
    assert (models[2].predict_proba(X) == expected.predict_proba(X)).all()


def test_samplers_that_learn_are_trained_side_by_side(table, monkeypatch):
    """One GAN a split, all in one run, shared by the trees; results are those alone."""
    names = "cwgan", "cwgan-random-forest"
    methods = {name: get_method(name) for name in names}
    todo = [e for one in methods.values() for e in planned(one, {"gan_max_iter": 2})]
    todo = [e for e in todo if e.repeat == 0]
    together_at = []
    train = CWGANOverSampler.train_together

    def counted(samplers, tables):
        together_at.append(len(samplers))
        train(samplers, tables)

    monkeypatch.setattr(CWGANOverSampler, "train_together", staticmethod(counted))
    (group,) = grouped(todo, methods)
    found = {
        group[done.position].key: done.outcome.measures["average_precision"]
        for done in evaluate_together(group, methods, *table)
    }
    assert set(together_at) == {len(todo) // 2}
    one = todo[1]
    alone = evaluate(one, methods[one.method], *table)
    assert found[one.key] == pytest.approx(alone.measures["average_precision"], 1e-6)


@pytest.mark.parametrize("spoilt", ["raise", "crash"])
def test_one_that_fails_spoils_no_other(spoilt, small_source, tmp_path):
    """What was not finished is run alone: each has the outcome of its own."""
    todo = planned(TOGETHER_TOY, {}, {"first": spoilt})
    todo = [*todo[:2], todo[10]]
    methods = {TOY.name: TOGETHER_TOY}
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        summary = Runner(store, {"small": small_source}, methods, together=True).run(
            todo
        )
        statuses = store.statuses(e.key for e in todo)
    assert (summary.run, summary.failed) == (3, 1)
    assert [statuses[e.key] for e in todo] == ["done", "done", "error"]


def test_each_is_recorded_as_it_comes(small_source, tmp_path, monkeypatch):
    """Results are in the store before the group is done, once, under their keys."""
    todo = planned(TOGETHER_TOY, {})[:4]
    methods = {TOY.name: TOGETHER_TOY}
    there: list[int] = []

    def count(runner: Runner, experiment: Experiment, outcome: Outcome) -> None:
        record(runner, experiment, outcome)
        there.append(len(runner.store.statuses(e.key for e in todo)))

    record = Runner._record
    monkeypatch.setattr(Runner, "_record", count)
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        summary = Runner(store, {"small": small_source}, methods, together=True).run(
            todo
        )
        results = store.results(todo)
        assert store.claims(e.key for e in todo) == []
    assert there == [1, 2, 3, 4]
    assert (summary.run, summary.failed) == (4, 0)
    assert (results["n_fitted_together"] == 4).all()


class CtrlC(SilentProgress):
    """Someone who presses Ctrl-C soon after an experiment began."""

    def started(self, experiment: Experiment) -> None:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_a_stopped_group_has_not_failed(small_source, tmp_path):
    """Ctrl-C in the midst of a group records nothing, then or later."""
    todo = planned(TOGETHER_TOY, {"seconds": 1.0})[:3]
    sources, methods = {"small": small_source}, {TOY.name: TOGETHER_TOY}
    before = set(threading.enumerate())
    # Where a shell started the tests in the background, Ctrl-C is ignored.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        runner = Runner(
            store, sources, methods, n_jobs=2, together=True, progress=CtrlC()
        )
        with pytest.raises(KeyboardInterrupt):
            runner.run(todo)
        signal.signal(signal.SIGINT, handler)
        for thread in set(threading.enumerate()) - before:
            thread.join(timeout=20)
        assert store.statuses(e.key for e in todo) == {}
        assert store.claims(e.key for e in todo) == []


def test_a_runner_runs_alone_unless_told(small_source, tmp_path):
    """What a fit costs is its own: no experiment is part of a group."""
    todo = planned(TOGETHER_TOY, {})[:2]
    with Store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        Runner(store, {"small": small_source}, {TOY.name: TOGETHER_TOY}).run(todo)
        assert "n_fitted_together" not in store.results(todo)
