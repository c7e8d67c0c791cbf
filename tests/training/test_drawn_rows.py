"""Rows drawn, held out and measured on, beside scikit-learn and by hand."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.metrics import f1_score, log_loss, precision_score, recall_score

from trimtab.exceptions import InputError
from trimtab.sampling.draw import AdaptiveDraw
from trimtab.training.drawn_rows import ClassRows, bounded_rows, hold_out, measure
from trimtab.training.held_out import bounded_sample

CODES = np.repeat([0, 1, 2], [900, 90, 10])


class Oracle:
    """A model that predicts what its first columns say."""

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the table as it is."""
        return X


def noisy_rows(weight: NDArray[Any] | None = None) -> ClassRows:
    """Give rows whose table is a mediocre prediction of their classes."""
    rng = np.random.default_rng(0)
    scores = rng.random((len(CODES), 3)) + 0.6 * np.eye(3)[CODES]
    return ClassRows(scores / scores.sum(axis=1, keepdims=True), CODES, 3, weight)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("metric", "peer"),
    [("f1", f1_score), ("precision", precision_score), ("recall", recall_score)],
)
def test_measurement_is_that_of_scikit_learn(
    metric: str, peer: Any, weighted: bool
) -> None:
    """Scores and loss agree with scikit-learn's, with weights and without."""
    weight = np.random.default_rng(1).random(len(CODES)) if weighted else None
    rows = noisy_rows(weight)
    measured = measure(Oracle(), rows, metric)
    predicted = rows.X.argmax(axis=1)

    np.testing.assert_allclose(
        measured.class_scores,
        peer(CODES, predicted, average=None, sample_weight=weight),
    )
    np.testing.assert_allclose(
        measured.class_f1,
        f1_score(CODES, predicted, average=None, sample_weight=weight),
    )
    assert measured.loss == pytest.approx(log_loss(CODES, rows.X, sample_weight=weight))


def test_own_metric_is_given_codes_and_the_number_of_classes() -> None:
    """A callable is the per-class metric; F1 is there beside it."""

    def share_called(
        codes: NDArray[Any], predicted: NDArray[Any], n_classes: int
    ) -> NDArray[Any]:
        assert len(codes) == len(predicted) == len(CODES)
        return np.bincount(predicted, minlength=n_classes) / len(predicted)

    measured = measure(Oracle(), noisy_rows(), share_called)

    assert measured.class_scores.sum() == pytest.approx(1)
    assert not np.allclose(measured.class_scores, measured.class_f1)


def test_own_metric_of_the_wrong_shape_is_refused() -> None:
    """A callable that returns one number instead of three is named as the fault."""
    with pytest.raises(InputError, match="return 3 numbers in"):
        measure(Oracle(), noisy_rows(), lambda *_: np.array([0.5]))


def test_every_class_is_in_every_draw() -> None:
    """A class of one row that is never wanted is there all the same, once."""
    codes = np.repeat([0, 1, 2], [80, 40, 1])
    rows = ClassRows(np.arange(121)[:, np.newaxis], codes, 3)
    draw = AdaptiveDraw(prior_blend=0.0)
    draw.start(rows.counts, 1)
    draw.update([[0.5, 0.5, 1.0]])
    generator = torch.Generator().manual_seed(0)
    for _ in range(5):
        drawn = rows.draw(draw, generator)

        assert drawn.counts.sum() == 121
        assert drawn.counts[2] == 1
        np.testing.assert_array_equal(codes[drawn.X[:, 0]], drawn.codes)


def test_weights_go_with_their_rows() -> None:
    """A row that is taken keeps its weight."""
    rows = ClassRows(CODES[:, np.newaxis], CODES, 3, CODES + 0.5)
    taken = rows.take(np.array([999, 0, 950]))

    assert taken.weight is not None
    assert taken.weight.tolist() == [2.5, 0.5, 1.5]


def test_bounded_sample_keeps_the_rare_classes_whole() -> None:
    """Of 1000 rows 100 are chosen: all ten of the rarest, 45 of the others."""
    rows, stands_for = bounded_sample(CODES, 100, np.random.RandomState(0))
    of_class = [stands_for[CODES[rows] == code] for code in range(3)]

    assert np.bincount(CODES[rows]).tolist() == [45, 45, 10]
    assert [weights[0] for weights in of_class] == [20.0, 2.0, 1.0]
    assert len(np.unique(rows)) == 100


def test_bounded_sample_has_a_row_of_each_class_however_small() -> None:
    """With room for two rows, three classes still get one each."""
    rows, _ = bounded_sample(CODES, 2, np.random.RandomState(0))

    assert np.bincount(CODES[rows]).tolist() == [1, 1, 1]


def test_a_bounded_row_stands_for_others_times_its_own_weight() -> None:
    """900 rows of weight 1/2 and 100 of weight 3 still weigh 450 and 300."""
    codes = np.repeat([0, 1], [900, 100])
    weight = np.where(codes == 0, 0.5, 3.0)
    rows = ClassRows(codes[:, np.newaxis], codes, 2, weight)
    bounded = bounded_rows(rows, 100, np.random.RandomState(0))

    assert bounded.counts.tolist() == [50, 50]
    weighed: Any = np.bincount(bounded.codes, bounded.weight)
    assert weighed.tolist() == pytest.approx([450, 300])


def test_bounded_sample_measures_what_all_rows_do() -> None:
    """The mean over many samples of a tenth of the rows is near the whole's F1."""
    rows = noisy_rows()
    samples = [
        measure(Oracle(), bounded_rows(rows, 100, np.random.RandomState(seed)), "f1")
        for seed in range(200)
    ]
    whole = measure(Oracle(), rows, "f1")

    np.testing.assert_allclose(
        np.mean([s.class_f1 for s in samples], axis=0), whole.class_f1, atol=0.05
    )
    assert np.mean([s.loss for s in samples]) == pytest.approx(whole.loss, rel=0.01)


def test_rows_that_are_not_held_out_are_trained_on() -> None:
    """With a bound the held-out part is smaller and the training part larger."""
    rng = np.random.RandomState(0)
    rows = ClassRows(np.arange(1000)[:, np.newaxis], CODES, 3)
    training, held_out = hold_out(rows, 0.2, 50, rng)

    assert len(held_out.codes) == 50
    assert held_out.counts[2] == 2
    assert held_out.weight is not None
    assert held_out.weight.sum() == pytest.approx(200)
    both = np.concatenate([training.X, held_out.X])[:, 0]
    np.testing.assert_array_equal(np.sort(both), np.arange(1000))
