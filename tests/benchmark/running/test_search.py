"""The search for parameters: it finds the best, honestly, and goes on where it was."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.benchmark.tunable_methods import (
    BEST,
    NOISY,
    PIPELINE,
    CountedFits,
    noisy_table,
)
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.messages import POSITION, FinishedTrials, Phase
from trimtab.benchmark.methods import Method, get_method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running import trial_scores
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.benchmark.running.search import Tuned, tune
from trimtab.benchmark.tuning import Tuning
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels, held_out_split

TRAINING = np.arange(200)


def table(method: Method = NOISY) -> MethodOnTable:
    """Return a method on the table of 300 rows."""
    X, y = noisy_table()
    return MethodOnTable(method, X, encode_labels(y))


def search(
    tuning: Tuning, method: Method = NOISY, seed: int = 0, **options: Any
) -> tuple[Tuned, list[Any]]:
    """Return what is found on the training rows, and all that was told."""
    told: list[Any] = []
    found = tune(
        table(method),
        TRAINING,
        tuning,
        random_state=seed,
        announce=told.append,
        **options,
    )
    return found, told


def trials_of(told: list[Any]) -> list[Any]:
    """Return the finished trials among what was told."""
    batches = [m.trials for m in told if isinstance(m, FinishedTrials)]
    return [trial for batch in batches for trial in batch]


def without_times(found: Tuned) -> Tuned:
    """Return what was found, but for how long it took."""
    return replace(found, seconds=0.0)


def test_it_finds_what_is_best() -> None:
    """Sixty trials come near 0.7; the method's own value of 0 is the first of them."""
    found, told = search(Tuning(60, metric="roc_auc", n_splits=3))
    trials = trials_of(told)
    assert found.parameters["shift"] == pytest.approx(BEST, abs=0.15)
    assert found.chosen == found.parameters
    assert trials[0].params == {"shift": 0.0}
    assert found.score == max(trial.value for trial in trials) > trials[0].value
    assert [trial.user_attrs[POSITION] for trial in trials] == list(range(60))
    assert (found.n_trials, found.n_failed) == (60, 0)


def test_later_batches_learn_from_earlier_ones() -> None:
    """The last batch is nearer to the best than the first, drawn at random."""
    _, told = search(Tuning(60, metric="log_loss", n_splits=3, batch=20))
    far = [abs(trial.params["shift"] - BEST) for trial in trials_of(told)]
    assert np.median(far[40:]) < np.median(far[1:20]) / 2


@pytest.mark.parametrize("metric", ["log_loss", "brier", "calibration_error", "mcc"])
def test_the_direction_of_the_metric_counts(metric: str) -> None:
    """Where less is better, the least is taken."""
    found, told = search(Tuning(12, metric=metric))
    values = [trial.value for trial in trials_of(told)]
    assert found.score == (max(values) if metric == "mcc" else min(values))


def test_the_score_is_the_mean_over_hold_outs_and_seeds() -> None:
    """By hand, for the method as it comes, from what each fit was asked to predict."""
    tuning = Tuning(1, metric="log_loss", n_splits=2, n_seeds=3)
    found, told = search(tuning)
    values = []

    class Spy(trial_scores.HoldOuts):
        def _measure(self, *arguments: Any) -> float:
            values.append(super()._measure(*arguments))
            return values[-1]

    spy = Spy(table(), TRAINING, tuning, 0, lambda message: None)
    [score] = spy.score([{}])
    assert len(set(values)) == len(values) == 6
    assert found.score == score.value == pytest.approx(np.mean(values))
    assert sum(isinstance(message, Phase) for message in told) == 6


def test_hold_outs_are_stratified_and_the_same_for_every_setting(
    tmp_path: Path,
) -> None:
    """Each trial is fitted on the same rows and scored on the same others."""
    tuning = Tuning(4, n_splits=2, validation_fraction=0.25)
    search(tuning, parameters={"folder": str(tmp_path)})
    fitted, predicted = (
        [
            np.array(line.split(), int)
            for line in (tmp_path / name).read_text().splitlines()
        ]
        for name in ("fitted.txt", "predicted.txt")
    )
    assert len(fitted) == len(predicted) == 8
    assert len({tuple(rows) for rows in fitted}) == 2
    labels = encode_labels(noisy_table()[1])
    for kept, held in zip(fitted, predicted, strict=True):
        assert sorted([*kept, *held]) == TRAINING.tolist()
        assert labels.codes[held].sum() == 10  # a quarter of forty


def test_no_test_row_is_seen_before_the_end(tmp_path: Path) -> None:
    """A spy writes down every row; those of the test part are predicted once, last."""
    X, y = noisy_table()
    labels = encode_labels(y)
    experiment = Experiment.of(
        {"folder": str(tmp_path)}, dataset="d", method="noisy", protocol=Protocol(3),
        repeat=0, fold=0, tuning=Tuning(10, n_splits=2, n_seeds=2),
    )  # fmt: skip
    outcome = evaluate(experiment, NOISY, X, labels)
    training, test = experiment.protocol.rows(labels.codes, 0, 0, 0)
    *fits, last_fit = (tmp_path / "fitted.txt").read_text().splitlines()
    *looks, last_look = (tmp_path / "predicted.txt").read_text().splitlines()
    assert len(fits) == len(looks) == 40
    assert sorted(map(int, last_fit.split())) == training.tolist()
    assert sorted(map(int, last_look.split())) == test.tolist()
    seen = {int(row) for line in [*fits, *looks] for row in line.split()}
    assert seen == set(training.tolist())
    assert outcome.tuned_parameters is not None
    assert set(outcome.tuned_parameters) == {"shift"}
    assert outcome.measures["n_trials"] == 10
    assert outcome.measures["n_failed_trials"] == 0
    assert 0 < outcome.measures["tuning_seconds"] < 60
    assert 0 < outcome.measures["tuning_score"] <= 1


def test_the_last_fit_has_what_was_chosen() -> None:
    """On all training rows: the result is that of the method with these parameters."""
    X, y = noisy_table()
    tuned = Experiment("d", "noisy", Protocol(3), 0, 0, tuning=Tuning(20))
    outcome = evaluate(tuned, NOISY, X, encode_labels(y))
    assert outcome.tuned_parameters is not None
    given = Experiment.of(
        outcome.tuned_parameters, dataset="d", method="noisy", protocol=Protocol(3),
        repeat=0, fold=0,
    )  # fmt: skip
    plain = evaluate(given, NOISY, X, encode_labels(y))
    np.testing.assert_array_equal(outcome.scores, plain.scores)
    as_it_comes = Experiment("d", "noisy", Protocol(3), 0, 0)
    default = evaluate(as_it_comes, NOISY, X, encode_labels(y))
    assert outcome.measures["log_loss"] < default.measures["log_loss"]


def test_one_trial_is_the_method_as_it_comes() -> None:
    """Nothing is changed, and its own values are told."""
    found, _ = search(Tuning(1))
    assert found.parameters == {}
    assert found.chosen == {"shift": 0.0}


def test_equal_scores_leave_the_method_as_it_comes() -> None:
    """Where no setting is better, the first is taken."""
    found, _ = search(Tuning(12), replace(NOISY, build=_one_for_all))
    assert found.parameters == {}


def _one_for_all(info: Any, random_state: int, shift: float = 0.0) -> Any:
    return NOISY.build(info, random_state)


def test_a_value_of_its_own_outside_the_search_space_does_no_harm() -> None:
    """The first trial is scored all the same; the sampler is told of the others."""
    method = replace(NOISY, search_space=_from_one)
    found, told = search(Tuning(20, metric="log_loss"), method)
    first = trials_of(told)[0]
    assert first.params == {}
    assert first.value is not None
    assert found.parameters == {}  # 0 is nearer to 0.7 than 1.5


def _from_one(trial: Any) -> dict[str, Any]:
    return {"shift": trial.suggest_float("shift", 1.5, 9.0)}


def test_parameters_that_are_given_are_not_searched() -> None:
    """They are in every trial; a search space may make several of one."""

    def space(trial: Any) -> dict[str, Any]:
        return {
            "shift": 2 * trial.suggest_float("half", -1.0, 1.0),
            "random_state": trial.suggest_int("random_state", 0, 9),
        }

    def build(info: Any, random_state_: int, **parameters: Any) -> Any:
        assert parameters.get("random_state") == 77
        return NOISY.build(info, **{"shift": 0.0, **parameters})

    method = Method("m", "Two.", "toy", build, space)
    found, told = search(Tuning(10), method, parameters={"random_state": 77})
    assert set(found.parameters) == {"shift", "random_state"}
    assert found.parameters["random_state"] == 77
    assert found.parameters["shift"] == 2 * found.chosen["half"]
    assert all(set(trial.params) <= {"half"} for trial in trials_of(told))


@pytest.mark.parametrize("kind", ["fails", "nan"])
def test_a_trial_that_fails_does_not_end_the_search(kind: str) -> None:
    """It is recorded with its error; the best of the others is taken."""
    found, told = search(Tuning(20, metric="log_loss"), parameters={"kind": kind})
    failed = [trial for trial in trials_of(told) if trial.value is None]
    assert found.n_failed == len(failed) > 0
    assert all(trial.params["shift"] > 0.5 for trial in failed)
    reason = failed[0].user_attrs["reason"]
    assert reason == {
        "fails": "RuntimeError: no luck above 0.5",
        "nan": "ValueError: predict_proba returned values that are not finite",
    }[kind]  # fmt: skip
    assert found.parameters["shift"] <= 0.5


def test_where_every_trial_fails_that_is_said() -> None:
    """In one line, with the first error."""
    with pytest.raises(InputError) as caught:
        search(Tuning(5), parameters={"kind": "always fails"})
    assert str(caught.value) == (
        "all 5 trials of the tuning failed; the first: RuntimeError: no luck"
    )


def test_a_class_too_small_for_a_hold_out_is_an_error() -> None:
    """The message says which."""
    X, y = noisy_table(20)
    y = np.where(np.arange(20) == 3, 2, y)
    with pytest.raises(InputError, match="class 2 has one row only"):
        tune(
            MethodOnTable(NOISY, X, encode_labels(y)), np.arange(20), Tuning(3),
            random_state=0,
        )  # fmt: skip


@pytest.mark.parametrize("n_there", [1, 5, 7, 10, 14])
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(n_there: int) -> None:
    """From any number of trials; those of whole batches are not repeated."""
    tuning = Tuning(14, metric="log_loss", batch=5)
    whole, told = search(tuning, seed=3)
    trials = trials_of(told)
    resumed, again = search(tuning, seed=3, trials=trials[:n_there])
    assert without_times(resumed) == without_times(whole)
    n_new = {1: 14, 5: 9, 7: 9, 10: 4, 14: 0}[n_there]
    assert len(trials_of(again)) == n_new
    assert [trial.params for trial in trials_of(again)] == [
        trial.params for trial in trials[14 - n_new :]
    ]


def test_seeds_give_other_searches() -> None:
    """And the same seed the same."""
    tuning = Tuning(8, metric="log_loss")
    one, same, other = (search(tuning, seed=seed)[0] for seed in (1, 1, 2))
    assert without_times(one) == without_times(same)
    assert one.parameters != other.parameters


def test_the_time_limit_ends_a_search_after_a_batch() -> None:
    """The best so far is taken; seconds of before a stop count."""
    tuning = Tuning(20, batch=2, time_limit=0.15)
    found, told = search(tuning, parameters={"seconds": 0.1})
    assert found.n_trials == 2
    assert found.seconds >= 0.2
    ended, _ = search(tuning, trials=trials_of(told), parameters={"seconds": 0.1})
    assert ended == found


def test_how_far_it_is_is_told() -> None:
    """At the start, and after each batch."""
    _, told = search(Tuning(7, batch=3))
    progress = [(m.n_done, m.n_trials) for m in told if isinstance(m, FinishedTrials)]
    assert progress == [(0, 7), (3, 7), (6, 7), (7, 7)]


def test_steps_before_the_learner_are_fitted_once_a_batch() -> None:
    """For all its trials, on each hold-out."""
    CountedFits.fits = 0
    search(Tuning(10, n_splits=2, batch=5), PIPELINE)
    assert CountedFits.fits == 4


def test_a_users_own_method_is_scored_as_it_decides() -> None:
    """By its predict, which may go by a threshold."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import FixedThresholdClassifier

    def build(info: Any, seed: int, threshold: float = 0.5) -> Any:
        learner = make_pipeline(StandardScaler(), LogisticRegression())
        return FixedThresholdClassifier(learner, threshold=threshold)

    def space(trial: Any) -> dict[str, Any]:
        return {"threshold": trial.suggest_float("threshold", 0.9999, 0.999999)}

    method = Method("mine", "Mine.", "own", build, space)
    _, told = search(Tuning(3), method)
    first, *others = trials_of(told)
    assert all(trial.value < first.value for trial in others)


@pytest.fixture(scope="module")
def networks() -> tuple[Tuned, list[Any]]:
    """Tune ART over two hold-outs with three seeds."""
    return search(Tuning(4, n_splits=2, n_seeds=3, batch=4), ART, parameters=SHORT)


ART = get_method("art")
SHORT = {"max_iter": 5}


def test_networks_of_a_batch_are_one_run(networks: tuple[Tuned, list[Any]]) -> None:
    """A run for each hold-out, and time for as many fits as it stands for."""
    found, told = networks
    phases = [message for message in told if isinstance(message, Phase)]
    assert phases == [Phase("tune", 4)] * 2
    assert found.n_failed == 0


def test_replicas_are_the_seeds(networks: tuple[Tuned, list[Any]]) -> None:
    """The score of a setting is the mean over replicas, each scored by itself."""
    on_table = table(ART)
    codes = on_table.labels.codes
    expected = []
    for split in range(2):
        draw, *seeds = trial_scores._seeds(0, split, 4)
        kept, held = held_out_split(codes[TRAINING], 0.15, random_state=draw)
        rows = on_table.fitted_rows(kept)
        pipeline = clone(ART.build(rows.info, seeds[0], **SHORT))
        pipeline[-1].set_params(n_replicas=3)
        pipeline.fit(rows.X, rows.y)
        X_held = pipeline[:-1].transform(on_table.rows(held))
        for scores in pipeline[-1].replica_probabilities(X_held):
            called = scores.argmax(axis=1)
            f1 = [_f1(codes[held] == c, called == c) for c in (0, 1)]
            expected.append(np.mean(f1))
    assert len(expected) == 6
    assert trials_of(networks[1])[0].value == pytest.approx(np.mean(expected))


def _f1(truth: Any, called: Any) -> float:
    return 2 * (truth & called).sum() / max(truth.sum() + called.sum(), 1)


def test_one_network_that_fails_does_not_take_the_others_down() -> None:
    """A setting that the network refuses fails alone."""

    def space(trial: Any) -> dict[str, Any]:
        return {"dropout": trial.suggest_float("dropout", 0.0, 3.0)}

    method = replace(get_method("network"), search_space=space)
    found, told = search(Tuning(6, batch=6), method, parameters=SHORT)
    for trial in trials_of(told):
        assert (trial.value is None) == (trial.params["dropout"] >= 1)
    assert 0 < found.n_failed < 6
