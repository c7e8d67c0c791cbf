"""The held-out score against scikit-learn's metrics."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from trimtab import InputError
from trimtab.ensembles.held_out_score import METRICS, HeldOutScore, average_precision

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 3, size=200)
PROBABILITIES = RNG.dirichlet([1, 1, 1], size=200)


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)),
        min_size=1,
        max_size=40,
    )
)
def test_average_precision_is_that_of_scikit_learn(
    rows: list[tuple[bool, int, int]],
) -> None:
    """With ties, with weights, with weights of 0."""
    truth = np.array([True, *(row[0] for row in rows)])
    scores = np.array([2.0, *(row[1] for row in rows)])
    weight = np.array([1.0, *(row[2] for row in rows)])

    for given_weight in (None, weight):
        assert average_precision(truth, scores, given_weight) == pytest.approx(
            metrics.average_precision_score(truth, scores, sample_weight=given_weight)
        )


def test_two_classes_are_measured_by_the_one_of_interest() -> None:
    """The column of the positive class is ranked, whichever it is."""
    codes, scores = CODES % 2, PROBABILITIES[:, :2]

    for positive in (0, 1):
        assert HeldOutScore("average_precision", codes, 2, positive)(
            scores
        ) == pytest.approx(
            metrics.average_precision_score(codes == positive, scores[:, positive])
        )


def test_more_classes_are_measured_by_the_mean() -> None:
    """Average precision of each class against the rest."""
    wanted = metrics.average_precision_score(np.eye(3)[CODES], PROBABILITIES)

    found = HeldOutScore("average_precision", CODES, 3, 1)(PROBABILITIES)

    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("weighted", [False, True])
def test_decisions_are_measured_as_scikit_learn_does(weighted: bool) -> None:
    """Macro F1, balanced accuracy and Matthews correlation, with weights too."""
    weight = RNG.uniform(0.5, 2, size=200) if weighted else None
    called = PROBABILITIES.argmax(axis=1)
    peers = {
        "macro_f1": metrics.f1_score(
            CODES, called, average="macro", sample_weight=weight
        ),
        "balanced_accuracy": metrics.balanced_accuracy_score(
            CODES, called, sample_weight=weight
        ),
        "mcc": metrics.matthews_corrcoef(CODES, called, sample_weight=weight),
        "minority_f1": metrics.f1_score(
            CODES, called, average=None, sample_weight=weight
        )[1],
    }

    for name, wanted in peers.items():
        found = HeldOutScore(name, CODES, 3, 1, weight)(PROBABILITIES)
        assert found == pytest.approx(wanted), name


def test_every_named_metric_is_a_number_in_range() -> None:
    """All of them lie between -1 and 1."""
    for name in METRICS:
        assert -1 <= HeldOutScore(name, CODES, 3, 1)(PROBABILITIES) <= 1


def test_a_function_is_given_codes_and_probabilities() -> None:
    """Its value is the score."""

    def accuracy(codes: np.ndarray, probabilities: np.ndarray) -> float:
        return float((probabilities.argmax(axis=1) == codes).mean())

    wanted = metrics.accuracy_score(CODES, PROBABILITIES.argmax(axis=1))

    assert HeldOutScore(accuracy, CODES, 3, 1)(PROBABILITIES) == pytest.approx(wanted)


def test_unknown_metric_is_an_error() -> None:
    """The message says which is near."""
    with pytest.raises(InputError, match="no metric 'average_precison': did you mean"):
        HeldOutScore("average_precison", CODES, 3, 1)
