"""The loop against an obvious one, over every container, and when things go wrong."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from trimtab import InputError
from trimtab.ensembles import members
from trimtab.ensembles.cascade import Cascade
from trimtab.ensembles.members import predicted
from trimtab.ensembles.policies import GaussianPolicy, UniformPolicy

X, CODES = make_classification(
    900,
    n_features=6,
    n_informative=4,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.7, 0.1],
    random_state=1,
)
HELD = np.arange(0, 900, 4)
REST = np.setdiff1d(np.arange(900), HELD)


class Counting(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A tree that counts the rows it is fitted on and asked about."""

    fitted: list[int] = []  # noqa: RUF012
    asked: list[int] = []  # noqa: RUF012

    def fit(self, X: Any, y: Any) -> "Counting":
        self.fitted.append(len(X))
        self.tree_ = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)
        self.classes_ = self.tree_.classes_
        return self

    def predict_proba(self, X: Any) -> Any:
        self.asked.append(len(X))
        return self.tree_.predict_proba(X)


class FailsAtLast(LogisticRegression):  # type: ignore[misc]
    """Raises when it is fitted for the third time."""

    fits = 0

    def fit(self, X: Any, y: Any) -> "FailsAtLast":
        type(self).fits += 1
        if type(self).fits == 3:
            raise RuntimeError("no more memory")
        super().fit(X, y)
        return self


def test_running_sums_are_the_means_over_the_members() -> None:
    """Errors and score are those of asking every member again."""
    cascade = Cascade(
        DecisionTreeClassifier(max_depth=4),
        X[REST],
        CODES[REST],
        X[HELD],
        CODES[HELD],
        n_rounds=5,
        rng=0,
    )
    while len(cascade.members) < 5:
        cascade.add(GaussianPolicy(0.8).select(cascade.round))
        mean = np.mean([m.predict_proba(X) for m in cascade.members], axis=0)
        of_truth = mean[np.arange(900), CODES]
        round = cascade.round
        np.testing.assert_allclose(round.errors, 1 - of_truth[REST], atol=1e-12)
        np.testing.assert_allclose(
            round.held_out_errors, 1 - of_truth[HELD], atol=1e-12
        )
        wanted = average_precision_score(np.eye(3)[CODES[HELD]], mean[HELD])
        assert cascade.score == round.score == pytest.approx(wanted)
        assert cascade.records[-1]["held_out_score"] == cascade.score


def test_before_the_first_member_all_classes_are_as_likely() -> None:
    """Errors are 2/3 with three classes, and there is no score yet."""
    round = Cascade(DecisionTreeClassifier(), X, CODES).round

    np.testing.assert_allclose(round.errors, 2 / 3)
    assert np.isnan(round.score)
    assert len(round.held_out_codes) == 0


def test_a_round_costs_one_fit_and_one_prediction() -> None:
    """Drawn rows are fitted on; every row is asked about once, by one member."""
    Counting.fitted.clear()
    Counting.asked.clear()
    cascade = Cascade(Counting(), X, CODES, held_rows=HELD, n_rounds=4, rng=0)
    cascade.grow(UniformPolicy())

    smallest = np.bincount(CODES[REST]).min()
    assert Counting.fitted == [3 * smallest] * 4
    assert Counting.asked == [900] * 4


def test_held_out_rows_of_the_table_are_not_drawn() -> None:
    """Whether they are given by position or as a table, the ensemble is the same."""
    tree = DecisionTreeClassifier(max_depth=4)
    inside = Cascade(tree, X, CODES, held_rows=HELD, n_rounds=4, rng=7)
    apart = Cascade(tree, X[REST], CODES[REST], X[HELD], CODES[HELD], n_rounds=4, rng=7)
    for cascade in (inside, apart):
        cascade.grow(GaussianPolicy(0.9))

    assert inside.score == apart.score
    np.testing.assert_array_equal(inside.round.errors, apart.round.errors)
    np.testing.assert_array_equal(inside.candidates, REST)


CONTAINERS: dict[str, Callable[[Any], Any]] = {
    "array": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "fortran": np.asfortranarray,
    "pandas": lambda X: pd.DataFrame(X, index=np.arange(len(X))[::-1] * 7),
    "polars": pl.DataFrame,
    "csr matrix": sparse.csr_matrix,
    "csc array": sparse.csc_array,
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_any_container_gives_the_same_ensemble(container: str) -> None:
    """Rows are selected by position, whatever the index says."""
    rounded = np.round(X, 2).astype(np.float32).astype(float)
    grown = []
    for table in (rounded, CONTAINERS[container](rounded)):
        cascade = Cascade(
            KNeighborsClassifier(3), table, CODES, held_rows=HELD, n_rounds=3, rng=0
        )
        cascade.grow(GaussianPolicy(0.7))
        grown.append(cascade)

    assert grown[0].score == pytest.approx(grown[1].score)
    np.testing.assert_allclose(grown[0].round.errors, grown[1].round.errors)


def test_blocks_predict_what_the_whole_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large table is asked about in blocks, with any number of threads."""
    model = DecisionTreeClassifier(max_depth=5).fit(X, CODES)
    whole = predicted(model, X, 3)
    monkeypatch.setattr(members, "BLOCK_ROWS", 37)

    for table in (X, pd.DataFrame(X), sparse.csr_array(X)):
        for n_jobs in (None, 2):
            np.testing.assert_allclose(predicted(model, table, 3, n_jobs), whole)


def test_candidates_are_bounded() -> None:
    """All rows of the rare classes stay; a sample of the other is scored and drawn."""
    Counting.asked.clear()
    cascade = Cascade(Counting(), X, CODES, n_rounds=2, rng=0, max_candidates=400)
    cascade.grow(UniformPolicy())
    counts = np.bincount(CODES)

    assert Counting.asked == [400, 400]
    assert cascade.round.class_counts.sum() == 400
    rare = counts[1]
    share = (400 - rare) // 2
    assert cascade.round.class_counts.tolist() == [400 - rare - share, rare, share]
    np.testing.assert_array_equal(cascade.round.codes, CODES[cascade.candidates])
    assert cascade.records[0]["rows_per_class"].tolist() == [rare] * 3


@pytest.mark.parametrize("held_rows", [None, HELD])
def test_bounded_candidates_look_like_the_table(held_rows: Any) -> None:
    """The state of a policy has the table's classes in their own proportions."""
    whole, bounded = (
        Cascade(GaussianNB(), X, CODES, rng=0, held_rows=held_rows, max_candidates=some)
        for some in (None, 300)
    )
    for cascade in (whole, bounded):
        cascade.add(np.arange(100))
    rare = np.bincount(bounded.round.codes).min() / len(bounded.round.codes)
    seen = np.ones(len(CODES), dtype=bool)
    seen[[] if held_rows is None else held_rows] = False
    shares = np.bincount(CODES[seen]) / seen.sum()

    assert rare > 2 * shares.min()
    per_class = bounded.round.histograms(5, per_class=True).train
    np.testing.assert_allclose(bounded.round.histograms(5).train, shares @ per_class)
    assert whole.round.class_shares is None


def test_bounded_candidates_with_held_out_rows() -> None:
    """Held-out rows are scored whole; errors are those of the candidates."""
    cascade = Cascade(
        DecisionTreeClassifier(max_depth=3),
        X,
        CODES,
        held_rows=HELD,
        n_rounds=3,
        rng=0,
        max_candidates=300,
    )
    cascade.grow(GaussianPolicy(1.0))
    mean = np.mean([m.predict_proba(X) for m in cascade.members], axis=0)
    right = mean[np.arange(900), CODES]

    assert not set(cascade.candidates.tolist()) & set(HELD.tolist())
    np.testing.assert_allclose(cascade.round.errors, 1 - right[cascade.candidates])
    np.testing.assert_allclose(cascade.round.held_out_errors, 1 - right[HELD])


def test_weights_reach_the_member_and_the_measurement() -> None:
    """A class that weighs nothing in the held-out rows does not lower the score."""
    weight = np.where(CODES == 0, 0.0, 1.0)
    seen = []

    class Weighted(GaussianNB):  # type: ignore[misc]
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Weighted":
            seen.append((y, sample_weight))
            super().fit(X, y)
            return self

    cascade = Cascade(
        Weighted(),
        X,
        CODES,
        held_rows=HELD,
        n_rounds=1,
        rng=0,
        sample_weight=weight,
        metric="balanced_accuracy",
    )
    cascade.grow(UniformPolicy())

    (codes, given) = seen[0]
    np.testing.assert_array_equal(given, (codes != 0).astype(float))
    called = cascade.members[0].predict(X[HELD])
    recalls = [(called == c)[CODES[HELD] == c].mean() for c in (1, 2)]
    assert cascade.score == pytest.approx(sum(recalls) / 3)


def test_weights_reach_the_last_step_of_a_pipeline() -> None:
    """The pipeline's own name of the argument is found."""
    weight = np.where(CODES == 1, 100.0, 1.0)
    scores = []
    for given in (None, weight):
        learner = make_pipeline(StandardScaler(), LogisticRegression())
        cascade = Cascade(learner, X, CODES, n_rounds=1, rng=0, sample_weight=given)
        cascade.grow(UniformPolicy())
        scores.append(cascade.members[0].predict_proba(X)[:, 1].mean())

    assert scores[1] > scores[0] + 0.2


def test_nested_seeds_are_set() -> None:
    """Members differ by their seeds, those inside a pipeline too."""
    learner = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_features=1))
    cascade = Cascade(learner, X, CODES, n_rounds=2, rng=0)
    cascade.grow(UniformPolicy())
    seeds = {member[-1].random_state for member in cascade.members}

    assert len(seeds) == 2
    assert all(isinstance(seed, int) for seed in seeds)


def test_learner_may_depend_on_the_rows_drawn() -> None:
    """A function is given their number."""

    def tree(n_drawn: int) -> DecisionTreeClassifier:
        return DecisionTreeClassifier(min_samples_leaf=max(1, n_drawn // 10))

    cascade = Cascade(tree, X, CODES, n_rounds=1, rng=0)
    cascade.grow(UniformPolicy(2))
    drawn = cascade.records[0]["rows_per_class"].sum()

    assert cascade.members[0].min_samples_leaf == drawn // 10


def test_a_class_that_was_not_drawn_has_probability_zero() -> None:
    """A policy may leave a class out; its column is still there."""
    cascade = Cascade(DecisionTreeClassifier(), X, CODES, X, CODES, n_rounds=1, rng=0)
    cascade.add(np.flatnonzero(CODES != 1))

    np.testing.assert_allclose(cascade.round.errors[CODES == 1], 1)
    assert cascade.records[0]["rows_per_class"][1] == 0


def test_an_error_in_the_middle_says_which_member() -> None:
    """It goes through as it is, with a note, and the ensemble stays as it was."""
    FailsAtLast.fits = 0
    cascade = Cascade(FailsAtLast(), X, CODES, held_rows=HELD, n_rounds=5, rng=0)

    with pytest.raises(RuntimeError, match="no more memory") as caught:
        cascade.grow(UniformPolicy())
    assert caught.value.__notes__ == ["raised by member 3 of 5, FailsAtLast"]
    assert len(cascade.members) == len(cascade.records) == cascade.round.number == 2


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (LinearSVC(), "LinearSVC predicts no probabilities: take a classifier"),
        (DecisionTreeClassifier, "estimator is <class .*: give an unfitted classifier"),
        (object(), "estimator is <object .*: give an unfitted classifier"),
    ],
)
def test_learners_that_will_not_do(learner: Any, message: str) -> None:
    """Each is named, with what to do."""
    with pytest.raises(InputError, match=message):
        Cascade(learner, X, CODES)


def test_a_learner_without_weights_is_refused_only_where_there_are_some() -> None:
    """The message says both ways out."""
    Cascade(KNeighborsClassifier(), X, CODES)
    with pytest.raises(InputError, match="KNeighborsClassifier takes no sample_weight"):
        Cascade(KNeighborsClassifier(), X, CODES, sample_weight=np.ones(900))


def test_probabilities_that_are_nan_are_an_error() -> None:
    """They would make every later draw meaningless."""

    class Undecided(Counting):
        def predict_proba(self, X: Any) -> Any:
            return np.full((len(X), 3), np.nan)

    with pytest.raises(InputError, match="Undecided predicts probabilities that"):
        Cascade(Undecided(), X, CODES, rng=0).grow(UniformPolicy())


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "selected an array of float64 of shape"),
        ([0.5], "selected an array of float64"),
        ([[1, 2]], "of shape .1, 2."),
        ([5, 900], "selected row 900 of 900"),
        ([-1, 5], "selected row -1 of 900"),
    ],
)
def test_what_a_policy_selects_is_checked(rows: Any, message: str) -> None:
    """A policy of the user's own is told what was wrong."""
    with pytest.raises(InputError, match=message):
        Cascade(DecisionTreeClassifier(), X, CODES).add(np.array(rows))


def test_one_seed_decides_everything() -> None:
    """Draws and the members' seeds; another seed gives another ensemble."""
    learner = DecisionTreeClassifier(max_features=1)
    errors = []
    for seed in (3, 3, 4):
        cascade = Cascade(learner, X, CODES, n_rounds=3, rng=seed)
        cascade.grow(GaussianPolicy(0.5))
        errors.append(cascade.round.errors)

    np.testing.assert_array_equal(errors[0], errors[1])
    assert (errors[0] != errors[2]).any()
