"""Per-class scores of replicas, beside scikit-learn's and by hand."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from trimtab.exceptions import InputError
from trimtab.training.class_scores import class_f1, confusion_matrices, score_classes

PEERS = {"f1": f1_score, "precision": precision_score, "recall": recall_score}


@pytest.mark.parametrize("own_codes", [True, False])
@pytest.mark.parametrize("metric", PEERS)
def test_scores_equal_scikit_learn(metric: str, own_codes: bool) -> None:
    """Three replicas, five classes of which one never occurs: one answer each."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (3 if own_codes else 1, 50))
    predicted = random.integers(0, 3, (3, 50))

    matrices = confusion_matrices(
        torch.from_numpy(codes), torch.from_numpy(predicted), 5
    ).numpy()
    scores = score_classes(metric, matrices, codes, predicted)

    for replica in range(3):
        truth = codes[replica if own_codes else 0]
        expected = confusion_matrix(truth, predicted[replica], labels=range(5))
        assert (matrices[replica] == expected).all()
        peer = PEERS[metric](
            truth, predicted[replica], labels=range(5), average=None, zero_division=0
        )
        np.testing.assert_allclose(scores[replica], peer)


def test_weights_count_rows() -> None:
    """A row of weight three is three rows."""
    codes, predicted = torch.tensor([0, 1, 1]), torch.tensor([[0, 0, 1]])

    matrices = confusion_matrices(codes, predicted, 2, torch.tensor([1.0, 3.0, 2.0]))

    assert matrices.tolist() == [[[1.0, 0.0], [3.0, 2.0]]]
    np.testing.assert_allclose(class_f1(matrices.numpy())[0], [2 / 5, 4 / 7])


@pytest.mark.parametrize(
    "returned", [[0.5], [0.5, 1.5], [0.5, -0.1], [0.5, np.nan], 0.5]
)
def test_metric_must_score_every_class_between_0_and_1(returned: object) -> None:
    """A callable that returns anything else is named with what it returned."""
    codes = np.array([[0, 1]])

    with pytest.raises(InputError, match=r"metric returned .*: return 2 numbers"):
        score_classes(lambda *_: returned, np.ones((1, 2, 2)), codes, codes)


def test_unknown_metric_is_refused() -> None:
    """The line says what there is."""
    codes = np.array([[0, 1]])

    with pytest.raises(InputError, match="did you mean 'recall'"):
        score_classes("recal", np.ones((1, 2, 2)), codes, codes)
