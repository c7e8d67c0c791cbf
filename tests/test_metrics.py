"""What is measured, beside scikit-learn, imbalanced-learn and slow references."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from imblearn.metrics import geometric_mean_score
from sklearn import metrics as peer

from trimtab.metrics import (
    MEASURES,
    ClassScores,
    best_threshold,
    confusion_matrix,
    decide,
    expected_calibration_error,
    find_measure,
    measure_decisions,
    measure_scores,
    per_class_scores,
)


def two_columns(scores: list[float]) -> np.ndarray:
    """Return probabilities of class 1 as those of both classes."""
    return np.column_stack([1 - np.array(scores), scores])


def random_case(n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return true codes and predicted probabilities that have to do with them."""
    rng = np.random.default_rng(seed)
    codes = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, 60)])
    logits = rng.normal(size=(len(codes), n_classes)) + 1.5 * np.eye(n_classes)[codes]
    scores = np.exp(logits)
    return codes, scores / scores.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_decisions_agree_with_the_peers(n_classes: int, seed: int) -> None:
    """All measures of decisions, for two classes and more, on random predictions."""
    codes, scores = random_case(n_classes, seed)
    predicted = scores.argmax(axis=1)

    found = measure_decisions(confusion_matrix(codes, predicted, n_classes), minority=1)

    assert found == pytest.approx(
        {
            "macro_f1": peer.f1_score(codes, predicted, average="macro"),
            "minority_f1": peer.f1_score(codes, predicted, average=None)[1],
            "balanced_accuracy": peer.balanced_accuracy_score(codes, predicted),
            "g_mean": geometric_mean_score(codes, predicted),
            "mcc": peer.matthews_corrcoef(codes, predicted),
            "accuracy": peer.accuracy_score(codes, predicted),
            "macro_precision": peer.precision_score(codes, predicted, average="macro"),
        }
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("positive", [0, 1])
def test_scores_of_two_classes_agree_with_the_peer(positive: int, seed: int) -> None:
    """The class of interest may be either of the two."""
    codes, scores = random_case(2, seed)
    truth, ranked = codes == positive, scores[:, positive]

    found = measure_scores(codes, scores, positive)

    thresholds = [ranked >= value for value in ranked]
    found_recalls = [(truth & t).sum() / truth.sum() for t in thresholds]
    precisions = [(truth & t).sum() / t.sum() for t in thresholds]
    pairs = list(zip(found_recalls, precisions, strict=True))
    assert found == pytest.approx(
        {
            **{
                f"precision_at_recall_{n}": max(p for r, p in pairs if r >= n / 100)
                for n in (25, 50, 75)
            },
            "average_precision": peer.average_precision_score(truth, ranked),
            "roc_auc": peer.roc_auc_score(truth, ranked),
            "brier": peer.brier_score_loss(truth, ranked),
            "calibration_error": slow_calibration_error(truth, ranked),
            "log_loss": peer.log_loss(truth, ranked),
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_scores_of_several_classes_are_means_over_the_classes(seed: int) -> None:
    """Each class against the rest; the Brier score is the sum over the classes."""
    codes, scores = random_case(4, seed)
    each = [measure_scores_of_one(codes == k, scores[:, k]) for k in range(4)]

    found = measure_scores(codes, scores, 0)

    assert found["average_precision"] == pytest.approx(np.mean([a for a, _ in each]))
    assert found["roc_auc"] == pytest.approx(np.mean([r for _, r in each]))
    one_hot = np.eye(4)[codes]
    assert found["brier"] == pytest.approx(((scores - one_hot) ** 2).sum(axis=1).mean())
    own = scores[np.arange(len(codes)), codes]
    assert found["log_loss"] == pytest.approx(-np.log(own).mean())
    hit, confidence = codes == scores.argmax(axis=1), scores.max(axis=1)
    assert found["calibration_error"] == pytest.approx(
        slow_calibration_error(hit, confidence)
    )


def measure_scores_of_one(truth: np.ndarray, ranked: np.ndarray) -> tuple[float, float]:
    """Return scikit-learn's average precision and ROC AUC of one class."""
    return (
        peer.average_precision_score(truth, ranked),
        peer.roc_auc_score(truth, ranked),
    )


def slow_calibration_error(truth: np.ndarray, confidence: np.ndarray) -> float:
    """Go through ten bins, the last closed at 1, and weigh their gaps by their rows."""
    total = 0.0
    for i in range(10):
        inside = [
            (hit, p)
            for hit, p in zip(truth, confidence, strict=True)
            if i / 10 <= p < (i + 1) / 10 or (i == 9 and p == 1)
        ]
        if inside:
            observed = sum(hit for hit, _ in inside) / len(inside)
            predicted = sum(p for _, p in inside) / len(inside)
            total += len(inside) / len(truth) * abs(observed - predicted)
    return total


def test_calibration_error_by_hand() -> None:
    """Three bins: gaps of 0.05, 0.5 and 0 with weights of 2, 1 and 1 in 4."""
    scores = two_columns([0.05, 0.05, 0.5, 1.0])

    found = expected_calibration_error(np.array([0, 0, 1, 1]), scores, 1)

    assert found == pytest.approx((2 * 0.05 + 0.5) / 4)


def test_calibration_error_with_other_bins() -> None:
    """With one bin it is the gap between prevalence and mean probability."""
    scores = two_columns([0.1, 0.2, 0.6, 0.9])

    found = expected_calibration_error(np.array([0, 1, 1, 1]), scores, 1, n_bins=1)

    assert found == pytest.approx(0.75 - 0.45)


def test_perfect_predictions() -> None:
    """Everything right: 1 where more is better, 0 where less is."""
    codes = np.array([0, 0, 0, 1, 2])
    scores = np.eye(3)[codes]

    found = measure_scores(codes, scores, 1) | measure_decisions(
        confusion_matrix(codes, codes, 3), 1
    )

    for name, value in found.items():
        best = 1.0 if MEASURES[name].greater_is_better else 0.0
        assert value == pytest.approx(best, abs=1e-12), name


def test_every_measure_has_a_title_and_is_measured() -> None:
    """What can rank is what is measured, at the default or the tuned threshold."""
    codes, scores = random_case(2, 0)
    confusion = confusion_matrix(codes, scores.argmax(axis=1), 2)
    plain = measure_scores(codes, scores, 1) | measure_decisions(confusion, 1)

    tuned = {name.removeprefix("tuned_") for name in MEASURES}
    assert set(plain) == tuned
    assert len({measure.title for measure in MEASURES.values()}) == len(MEASURES)


def test_measures_for_two_classes_alone_say_so() -> None:
    """Three classes have every other one, and none of these."""
    codes, scores = random_case(3, 0)
    confusion = confusion_matrix(codes, scores.argmax(axis=1), 3)
    found = measure_scores(codes, scores, 1) | measure_decisions(confusion, 1)

    assert set(found) == {k for k, m in MEASURES.items() if not m.two_classes_only}
    staged = find_measure("precision_at_recall_50@5")
    assert staged is not None
    assert staged.two_classes_only


def test_a_class_that_is_never_predicted_scores_zero() -> None:
    """One hundred negatives called rightly, ten positives missed: by hand."""
    codes = np.repeat([0, 1], [100, 10])

    found = measure_decisions(confusion_matrix(codes, np.zeros_like(codes), 2), 1)

    assert found["minority_f1"] == 0
    assert found["macro_f1"] == pytest.approx((200 / 210) / 2)
    assert found["balanced_accuracy"] == 0.5
    assert found["g_mean"] == 0
    assert found["mcc"] == 0
    assert found["accuracy"] == pytest.approx(10 / 11)
    assert found["macro_precision"] == pytest.approx((10 / 11) / 2)


def test_scores_that_do_not_sum_to_one_are_scaled() -> None:
    """Single precision, or a class that was never learned, is no reason to warn."""
    codes, scores = random_case(3, 0)

    found = measure_scores(codes, 7 * scores.astype(np.float32), 0)

    assert found == pytest.approx(measure_scores(codes, scores, 0), rel=1e-5)


def test_confusion_matrix_agrees_with_the_peer() -> None:
    """Also where a class is neither true nor predicted."""
    codes, scores = random_case(3, 1)

    found = confusion_matrix(codes, scores.argmax(axis=1), 4)

    wanted = peer.confusion_matrix(codes, scores.argmax(axis=1), labels=range(4))
    assert found.tolist() == wanted.tolist()


def test_per_class_scores_agree_with_the_peer() -> None:
    """One dict a class in plain numbers, which JSON can hold."""
    codes, scores = random_case(3, 2)
    predicted = scores.argmax(axis=1)

    found = per_class_scores(confusion_matrix(codes, predicted, 3), ["a", "b", "c"])

    columns = peer.precision_recall_fscore_support(codes, predicted)
    for k, entry in enumerate(found):
        assert entry == {
            "label": "abc"[k],
            "precision": pytest.approx(columns[0][k]),
            "recall": pytest.approx(columns[1][k]),
            "f1": pytest.approx(columns[2][k]),
            "support": columns[3][k],
        }
        assert {type(value) for value in entry.values()} == {str, float, int}


def test_class_scores_of_a_class_without_rows() -> None:
    """Neither true nor predicted: zeros, and no warning."""
    scores = ClassScores.of(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))

    assert scores.precision.tolist() == pytest.approx([1, 2 / 3, 0])
    assert scores.recall.tolist() == pytest.approx([3 / 4, 1, 0])
    assert scores.f1.tolist() == pytest.approx([6 / 7, 4 / 5, 0])
    assert scores.support.tolist() == [4, 2, 0]


def test_decide_by_probability_and_by_threshold() -> None:
    """The most probable class, or the positive one from the threshold on."""
    scores = two_columns([0.1, 0.3, 0.5, 0.7])

    assert decide(scores, 1).tolist() == [0, 0, 0, 1]
    assert decide(scores, 1, 0.3).tolist() == [0, 1, 1, 1]
    assert decide(scores, 0, 0.6).tolist() == [0, 0, 1, 1]
    assert decide(np.eye(3)[[2, 0, 1]], 0).tolist() == [2, 0, 1]


def macro_f1(codes: np.ndarray, predicted: np.ndarray) -> float:
    """Return macro F1 as scikit-learn has it."""
    return float(peer.f1_score(codes, predicted, average="macro", zero_division=0.0))


rounded = st.integers(0, 8).map(lambda k: k / 8)


@settings(deadline=None, max_examples=60)
@given(
    arrays(np.int64, st.integers(2, 12), elements=st.integers(0, 1)),
    st.data(),
    st.sampled_from([0, 1]),
)
def test_best_threshold_beats_every_midpoint(
    codes: np.ndarray, data: st.DataObject, positive: int
) -> None:
    """No other cut has a higher macro F1, from calling all to calling none."""
    assume(codes.min() < codes.max())
    ranked = data.draw(arrays(np.float64, len(codes), elements=rounded))
    scores = two_columns(list(ranked)) if positive else two_columns(list(1 - ranked))
    ends = np.unique(np.concatenate([[-1], ranked, [2]]))
    candidates = (ends[1:] + ends[:-1]) / 2

    found = best_threshold(codes, scores, positive)

    assert macro_f1(codes, decide(scores, positive, found)) == pytest.approx(
        max(macro_f1(codes, decide(scores, positive, t)) for t in candidates)
    )


@pytest.mark.parametrize(
    ("codes", "ranked", "threshold"),
    [
        ([0, 0, 1], [0.1, 0.2, 0.4], 0.3),
        # 0.25 would be as good (4/5 and 2/3 either way round): the fewest are called.
        ([0, 1, 0, 1], [0.2, 0.3, 0.6, 0.8], 0.7),
        ([1, 1, 0], [0.4, 0.6, 0.1], 0.25),
        # Calling the one low row would call all: none is called. 0.9 is half-way to 1.
        ([0, 0, 0, 0, 1], [0.8, 0.7, 0.6, 0.5, 0.4], 0.9),
        ([0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5], 0.75),
        # All called: half-way between the lowest probability and 0.
        ([1, 1, 1, 0], [0.5, 0.5, 0.5, 0.5], 0.25),
    ],
)
def test_best_threshold_by_hand(
    codes: list[int], ranked: list[float], threshold: float
) -> None:
    """It lies half-way between the probabilities that it parts."""
    found = best_threshold(np.array(codes), two_columns(ranked), 1)

    assert found == pytest.approx(threshold)


def test_best_threshold_at_the_ends_of_the_range() -> None:
    """Certain and wrong: calling none takes more than 1. Certain and right: 0.5."""
    codes = np.array([0, 0, 0, 1])

    assert best_threshold(codes, two_columns([1.0, 1.0, 1.0, 0.9]), 1) > 1
    assert best_threshold(codes, two_columns([0.0, 0.0, 0.0, 1.0]), 1) == 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_best_threshold_parts_neighbouring_floats(dtype: type) -> None:
    """Where no number lies between two probabilities, the upper one is taken."""
    low = dtype(0.3)
    for _ in range(4):
        high = np.nextafter(low, dtype(1))
        scores = np.array([[1 - low, low], [1 - high, high]], dtype=dtype)

        found = best_threshold(np.array([0, 1]), scores, 1)

        assert decide(scores, 1, found).tolist() == [0, 1]
        low = high
