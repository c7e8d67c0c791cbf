"""The slopes of made rows and of their weights, by hand and by PyTorch."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from trimtab.losses.logit_slopes import CrossEntropySlopes
from trimtab.synthesis.made_batches import MadeBatch
from trimtab.synthesis.meta_step import Weights
from trimtab.synthesis.perceptron_step import Layers, LossSlopes
from trimtab.synthesis.row_slopes import RowSlopes, row_slopes

SIZES = (3, 5, 4, 3)


class View:
    """Two perceptrons in double precision, by hand or by PyTorch."""

    def __init__(self, by_hand: bool, rate: float | Tensor = 0.3) -> None:
        torch.manual_seed(0)
        self._layers = [
            (
                torch.randn(2, n_in, n_out, dtype=torch.float64),
                torch.randn(2, 1, n_out, dtype=torch.float64),
            )
            for n_in, n_out in pairwise(SIZES)
        ]
        self.layers: Layers | None = self._layers if by_hand else None
        self.replicas = torch.arange(2)
        self.generators: Sequence[torch.Generator] = ()
        self.learning_rate = rate
        self.slopes: list[Tensor] = []

    def weights(self) -> Weights:
        flat = [one for pair in self._layers for one in pair]
        return {str(i): one.clone().requires_grad_() for i, one in enumerate(flat)}

    def logits(self, weights: Weights, inputs: Tensor) -> Tensor:
        for number in range(len(self._layers)):
            inputs = inputs.relu() if number else inputs
            inputs = inputs @ weights[f"{2 * number}"] + weights[f"{2 * number + 1}"]
        return inputs

    def loss(self, logits: Tensor, codes: Tensor, weights: Tensor | None) -> Tensor:
        surprise = -logits.log_softmax(2).gather(2, codes[..., None])[..., 0]
        if weights is None:
            return surprise.mean(1)
        return (weights * surprise).sum(1) / weights.sum(1)

    def loss_slopes(
        self, logits: Tensor, codes: Tensor, weights: Tensor | None
    ) -> LossSlopes:
        return CrossEntropySlopes(logits, codes, weights)

    def evaluating(self) -> AbstractContextManager[None]:
        return nullcontext()

    def set_slopes(self, slopes: Mapping[str, Tensor]) -> None:
        self.slopes = list(slopes.values())

    def set_layer_slopes(self, slopes: Layers) -> None:
        self.slopes = [one for pair in slopes for one in pair]


def rows(n: int, seed: int, weights: Sequence[float] | None) -> MadeBatch:
    """Return rows of three classes, all replicas' own."""
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(2, n, SIZES[0], generator=generator, dtype=torch.float64)
    codes = torch.randint(SIZES[-1], (2, n), generator=generator)
    if weights is None:
        return MadeBatch(inputs, codes)
    own = torch.tensor([weights, weights[::-1]], dtype=torch.float64)
    return MadeBatch(inputs, codes, own)


@pytest.mark.parametrize("weights", [None, [1, 0, 1, 1, 0.5, 1, 0]])
@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("rate", [0.3, torch.tensor([0.1, 0.4], dtype=torch.float64)])
def test_by_hand_beside_autograd(
    weights: Sequence[float] | None, held: bool, rate: float | Tensor
) -> None:
    """Slopes by rows, by weights and by the network, with rows that weigh nothing."""
    batch = rows(7, 1, weights)
    other = rows(4, 2, [1, 2, 3, 4]) if held else None
    views = View(True, rate), View(False, rate)
    ours, automatic = (row_slopes(view, batch, other) for view in views)

    torch.testing.assert_close(ours, automatic)
    torch.testing.assert_close(views[0].slopes, views[1].slopes)
    assert (ours.by_weights is None) == (weights is None)
    assert ours.by_rows.abs().amax(dim=(1, 2)).min() > 1e-6


@pytest.mark.parametrize("by_hand", [True, False])
def test_finite_differences_of_the_held_out_loss(by_hand: bool) -> None:
    """The step is really taken on a batch that is changed a little."""
    batch, held = rows(6, 3, [1, 1, 0.5, 1, 0, 1]), rows(5, 4, None)
    assert batch.weights is not None

    def after(inputs: Tensor, own: Tensor) -> Tensor:
        view = View(False)
        start = view.weights()
        losses = view.loss(view.logits(start, inputs), batch.codes, own)
        slopes = torch.autograd.grad(losses.sum(), list(start.values()))
        pairs = zip(start.items(), slopes, strict=True)
        stepped = {name: value - 0.3 * slope for (name, value), slope in pairs}
        return view.loss(view.logits(stepped, held.inputs), held.codes, None).sum()

    found: RowSlopes = row_slopes(View(by_hand), batch, held)
    assert found.by_weights is not None
    small = 1e-5
    for place in ((0, 0, 1), (1, 3, 2)):
        more = batch.inputs.clone()
        more[place] += small
        rise = (after(more, batch.weights) - after(batch.inputs, batch.weights)) / small
        assert found.by_rows[place].item() == pytest.approx(rise.item(), rel=1e-3)
    for place in ((0, 4), (1, 0)):
        heavier = batch.weights.clone()
        heavier[place] += small
        rise = after(batch.inputs, heavier) - after(batch.inputs, batch.weights)
        slope = found.by_weights[place].item()
        assert slope == pytest.approx(rise.item() / small, rel=1e-3)


def test_a_row_that_counts_more_by_hand() -> None:
    """Losses log 2 and log 4 with weights 1 and 3: the mean rises by the first's less.

    The mean is (log 2 + 3 log 4) / 4 = 7/4 log 2; more weight on the first row changes
    it by (log 2 - 7/4 log 2) / 4, on the second by (2 log 2 - 7/4 log 2) / 4.
    """
    logits = torch.tensor([[[0.0, 0.0], [0.0, torch.log(torch.tensor(3.0))]]])
    weights = torch.tensor([[1.0, 3.0]])
    at = CrossEntropySlopes(logits, torch.tensor([[0, 0]]), weights)
    log2 = torch.log(torch.tensor(2.0))
    expected = torch.stack([-3 * log2 / 16, log2 / 16])
    torch.testing.assert_close(at.by_weights()[0], expected)
