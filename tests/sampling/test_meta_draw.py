"""The meta-sampler of Balanced Meta-Softmax."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from trimtab.exceptions import InputError
from trimtab.sampling.epochs import RowsByClass
from trimtab.sampling.meta_draw import LastLayer, MetaDraw, Slots, meta_gradient
from trimtab.sampling.stacked_draw import StackedDraw

R, SLOTS, ROWS, WIDTH, CLASSES = 2, 7, 9, 4, 3
STEP, TEMPERATURE = 0.7, 0.8


class Problem(NamedTuple):
    """A last layer and batches, in double precision."""

    layer: LastLayer
    log_odds: Tensor
    counts: Tensor
    gumbel: Tensor
    inputs: Tensor
    targets: Tensor


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Make one of two replicas and three classes."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.double)

    layer = LastLayer(
        normal(R, SLOTS, WIDTH), normal(R, WIDTH, CLASSES), normal(R, 1, CLASSES)
    )
    uniform = torch.rand(R, SLOTS, CLASSES, generator=generator, dtype=torch.double)
    return Problem(
        layer,
        normal(R, CLASSES),
        torch.tensor([[60.0, 30, 10], [40, 40, 20]]).double(),
        -(-uniform.log()).log(),
        normal(R, ROWS, WIDTH),
        torch.randint(CLASSES, (R, ROWS), generator=generator),
    )


def choice(problem: Problem, log_odds: Tensor) -> Tensor:
    """Return the softmax of each slot."""
    log_rates = functional.logsigmoid(log_odds)
    logits = problem.counts.log() + log_rates
    return ((logits[:, None] + problem.gumbel) / TEMPERATURE).softmax(dim=2)


def outer_losses(problem: Problem, importance: Tensor, classes: Tensor) -> Tensor:
    """Take the trial step by nested automatic differentiation, replica by replica."""
    losses = []
    for r in range(R):
        layer = problem.layer
        weight = layer.weight[r].clone().requires_grad_()
        bias = layer.bias[r].clone().requires_grad_()
        logits = layer.inputs[r] @ weight + bias + problem.counts[r].log()
        of_slots = functional.cross_entropy(logits, classes[r], reduction="none")
        inner = (importance[r] * of_slots).mean()
        by_weight, by_bias = torch.autograd.grad(
            inner, (weight, bias), create_graph=True
        )
        moved, moved_bias = weight - STEP * by_weight, bias - STEP * by_bias
        logits = problem.inputs[r] @ moved + moved_bias
        losses.append(functional.cross_entropy(logits, problem.targets[r]))
    return torch.stack(losses)


def gradient_of(problem: Problem) -> tuple[Tensor, Tensor]:
    """Return what trimtab computes, and the classes of the slots."""
    soft = choice(problem, problem.log_odds)
    classes = soft.argmax(dim=2)
    gradient = meta_gradient(
        problem.layer,
        Slots(classes, soft),
        functional.logsigmoid(problem.log_odds),
        problem.counts.log(),
        problem.inputs,
        problem.targets,
        STEP,
        TEMPERATURE,
    )
    return gradient, classes


def test_gradient_is_that_of_nested_differentiation(problem: Problem) -> None:
    """Straight-through: one in value, the softmax in gradient."""
    gradient, classes = gradient_of(problem)
    log_odds = problem.log_odds.clone().requires_grad_()
    own = choice(problem, log_odds).gather(2, classes[..., None])[..., 0]
    losses = outer_losses(problem, 1 + own - own.detach(), classes)
    expected = torch.autograd.grad(losses.sum(), log_odds)[0]

    torch.testing.assert_close(gradient, expected, rtol=1e-10, atol=1e-14)


def test_gradient_is_that_of_finite_differences(problem: Problem) -> None:
    """The outer loss where the slots' importance follows the softmax."""
    gradient, classes = gradient_of(problem)

    def chosen(log_odds: Tensor) -> Tensor:
        return choice(problem, log_odds).gather(2, classes[..., None])[..., 0]

    at = chosen(problem.log_odds)
    h = 1e-5
    for c in range(CLASSES):
        move = h * torch.eye(CLASSES).double()[c]
        up, down = (
            outer_losses(problem, 1 + chosen(problem.log_odds + d) - at, classes)
            for d in (move, -move)
        )
        slope = ((up - down) / (2 * h)).detach()
        torch.testing.assert_close(gradient[:, c], slope, rtol=1e-6, atol=1e-10)


class View:
    """A training run that stands still, for a draw to learn from."""

    def __init__(self, codes: Tensor, X: Tensor, n_replicas: int, seed: int) -> None:
        self.codes, self.X = codes, X
        self.present = np.arange(n_replicas)
        self.by_class = RowsByClass.of(codes, 2)
        self.generators = [
            torch.Generator().manual_seed(seed + r) for r in range(n_replicas)
        ]
        self.batch_size = 64
        self.weight = torch.zeros(n_replicas, X.shape[1], 2).double()

    def last_layer(self, rows: Tensor) -> tuple[LastLayer, Tensor]:
        """Return a layer that knows nothing yet."""
        bias = torch.zeros(len(self.present), 1, 2).double()
        return LastLayer(self.X[rows], self.weight, bias), self.codes[rows]


@pytest.fixture
def view() -> View:
    """Make 190 rows near 0 and 10 rows near 1."""
    codes = torch.tensor([0] * 190 + [1] * 10)
    generator = torch.Generator().manual_seed(3)
    X = torch.randn(200, 3, generator=generator, dtype=torch.double)
    return View(codes, X + codes[:, None], n_replicas=2, seed=0)


def test_slots_are_drawn_as_the_epochs_are(view: View) -> None:
    """The class is chosen as often as `probabilities` says, its rows equally often."""
    seen = []
    show = view.last_layer

    def spy(rows: Tensor) -> tuple[LastLayer, Tensor]:
        seen.append(rows[:, :64])
        return show(rows)

    view.last_layer = spy  # type: ignore[method-assign]
    draw = MetaDraw(learning_rate=1e-12, power=0.5)
    draw.start([190, 10], 2)
    for _ in range(300):
        draw.learn(view)
    rows = torch.cat(seen, dim=1)

    share = (rows >= 190).double().mean(dim=1)
    np.testing.assert_allclose(share, draw.probabilities()[:, 1], atol=0.01)
    assert draw.probabilities()[0, 1] == pytest.approx(1 / (1 + 19**0.5))
    of_rare = (
        torch.bincount(rows[rows >= 190] - 190, minlength=10) / (rows >= 190).sum()
    )
    np.testing.assert_allclose(of_rare, 0.1, atol=0.015)


def test_the_outer_batch_has_all_classes_alike(view: View) -> None:
    """Half of its rows are of either class, and every row may come."""
    seen = []
    show = view.last_layer

    def spy(rows: Tensor) -> tuple[LastLayer, Tensor]:
        seen.append(rows[:, 64:])
        return show(rows)

    view.last_layer = spy  # type: ignore[method-assign]
    draw = MetaDraw()
    draw.start([190, 10], 2)
    for _ in range(100):
        draw.learn(view)

    assert {int(n) for rows in seen for n in (rows >= 190).sum(dim=1)} == {32}
    assert len(torch.cat(seen).unique()) == 200


def test_rates_move_to_where_the_outer_loss_is_lower(view: View) -> None:
    """Rare rows are drawn more while the layer knows nothing of either class.

    Under the balanced softmax it takes all rows for common ones: a rare row says much,
    and in a direction that tells the classes apart, a common one next to nothing.
    """
    draw = MetaDraw(learning_rate=0.05)
    draw.start([190, 10], 2)
    for _ in range(60):
        draw.learn(view)

    assert (draw.rates()[:, 0] < 0.2).all()
    assert (draw.rates()[:, 1] > 0.8).all()


def test_replicas_learn_as_if_alone(view: View) -> None:
    """The second of two ends with the rates of its own seed alone."""
    together, alone = MetaDraw(0.05), MetaDraw(0.05)
    together.start([190, 10], 2)
    alone.start([190, 10], 1)
    single = View(view.codes, view.X, n_replicas=1, seed=1)
    for _ in range(5):
        together.learn(view)
        alone.learn(single)

    np.testing.assert_allclose(together.rates()[1], alone.rates()[0], rtol=1e-9)
    assert abs(together.rates()[0] - alone.rates()[0]).max() > 1e-6


def test_stacked_draws_learn_with_numbers_of_their_own(view: View) -> None:
    """Each as alone; a draw that does not learn stays as it is."""
    stacked = StackedDraw([MetaDraw(0.05), MetaDraw(0.001, head_step=1)], [1, 1])
    stacked.start([190, 10], 2)
    alone = [MetaDraw(0.05), MetaDraw(0.001, head_step=1)]
    views = [View(view.codes, view.X, n_replicas=1, seed=seed) for seed in (0, 1)]
    for draw in alone:
        draw.start([190, 10], 1)
    for _ in range(5):
        stacked.learn(view)
        for draw, own in zip(alone, views, strict=True):
            draw.learn(own)

    expected = np.concatenate([draw.probabilities() for draw in alone])
    np.testing.assert_allclose(stacked.probabilities(), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": 0}, "learning_rate is 0: give a number above 0"),
        ({"head_step": -1}, "head_step is -1: give a number above 0"),
        ({"temperature": 0}, "temperature is 0: give a number above 0"),
        ({"power": -1}, "power is -1: give a number from 0"),
        ({"power": "all"}, "power is 'all': give a number from 0"),
    ],
)
def test_wrong_numbers_are_refused(options: dict[str, Any], message: str) -> None:
    """One line says what to give."""
    with pytest.raises(InputError, match=message):
        MetaDraw(**options).start([3, 4], 1)
