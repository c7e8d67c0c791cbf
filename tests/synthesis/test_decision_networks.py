"""What networks draw, and the slopes that train them, beside automatic ones."""

import pytest
import torch
from torch import Tensor

from trimtab.synthesis.combinations import Combinations
from trimtab.synthesis.decision_networks import (
    DecisionNetworks,
    gumbel,
    slopes_of_logits,
)
from trimtab.synthesis.decisions import Aggregation, NeighbourCount, Participation
from trimtab.synthesis.outcome_table import Outcomes

DECISIONS = (
    Participation(),
    NeighbourCount((1, 2, 4)),
    Aggregation(("sum", "average")),
)


def generators(*seeds: int) -> list[torch.Generator]:
    """Return a random stream for each seed."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def straight_through(noisy: Tensor, temperature: float) -> Tensor:
    """Return what was drawn as 1 among 0, with the gradient of a softmax."""
    soft = torch.softmax(noisy / temperature, dim=-1)
    hard = torch.zeros_like(soft).scatter(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + soft - soft.detach()


def test_options_come_with_the_softmax_of_the_logits() -> None:
    """Frequencies of 40,000 draws beside the probabilities."""
    logits = torch.tensor([0.0, 1.0, 2.0])
    noise = torch.rand(40_000, 3, generator=generators(0)[0])
    drawn = (logits + gumbel(noise)).argmax(dim=1)

    frequencies = torch.bincount(drawn) / 40_000
    torch.testing.assert_close(frequencies, logits.softmax(0), atol=0.01, rtol=0)


def test_the_soft_choice_is_one_hot_near_temperature_0() -> None:
    """What the slope is taken of: 1 and 0 at 0.001, in between at 5."""
    noisy = torch.randn(500, 4, generator=generators(0)[0])
    slopes = torch.tensor([1.0, 0, 0, 0]).expand(500, 4)
    steepest = []
    for temperature in (0.001, 5.0):
        found = temperature * slopes_of_logits(noisy, slopes, temperature)
        # The slope of a softmax is p (1 - p) / temperature: 0 where p is 0 or 1.
        steepest.append(found[:, 0].median().item())
    assert steepest[0] == pytest.approx(0, abs=1e-6)
    assert steepest[1] > 0.1


@pytest.mark.parametrize("n_cohorts", [None, 3])
@pytest.mark.parametrize("cost", [0.0, 0.7])
def test_slopes_are_those_of_automatic_differentiation(
    n_cohorts: int | None, cost: float
) -> None:
    """Every weight of two replicas, for a loss of made rows and their weights.

    The rows are of two batches, in each of which cohorts decide anew.
    """
    networks = DecisionNetworks(DECISIONS, 2, n_cohorts, generators(0, 1)).double()
    chance = generators(2)[0]

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=chance, dtype=torch.float64)

    n, cells = 11, (3, 3)
    x, possible = uniform(2, n, 2), uniform(2 * n, 6, 5)
    target, worth = uniform(2 * n, 5), uniform(2 * n)
    of_rows = gumbel(uniform(2, n, networks.row_noise))
    of_cohorts = None if n_cohorts is None else gumbel(uniform(2, 2, n_cohorts, 9))
    batches = (torch.arange(n) >= 6).long()

    drawn = networks.draw(x, of_rows, of_cohorts, batches=batches)
    table = Combinations(DECISIONS)
    options = drawn.options.flatten(0, 1)
    made = possible[torch.arange(2 * n), table.numbers(options)]
    weights = table.weights(options).double()
    away = made - target
    of_weights = (away**2).sum(dim=1) + worth
    slopes = table.slopes(
        options, Outcomes(possible).along, 2 * away * weights[:, None], of_weights
    )
    drawn.backward(slopes.view(2, n, *cells), 0.8, cost)
    ours = {name: one.grad for name, one in networks.named_parameters()}

    networks.zero_grad()
    assignment, logits = networks.logits(x)
    if assignment is None:
        chosen = straight_through(logits + of_rows.view(logits.shape), 0.8)
    else:
        assert of_cohorts is not None
        noise = of_cohorts.view(2, 2, *logits.shape[1:])
        decided = straight_through(logits[:, None] + noise, 0.8)
        members = straight_through(assignment + of_rows, 0.8)
        chosen = torch.einsum("pnc,pncdo->pndo", members, decided[:, batches])
    part, count, combine = chosen.flatten(0, 1).unbind(dim=1)
    shares = torch.einsum("nk,na->nka", count, combine[:, :2]).flatten(1)
    rows = torch.einsum("ns,nsc->nc", shares, possible)
    weight = part[:, 1]
    loss = (weight * (((rows - target) ** 2).sum(dim=1) + worth)).sum()
    if assignment is not None:
        use = assignment.softmax(dim=-1).mean(dim=1)
        loss = loss - cost * (use * use.log()).sum()
    loss.backward()  # type: ignore[no-untyped-call]

    for name, parameter in networks.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(ours[name], parameter.grad, msg=name)


def test_a_cohort_decides_for_its_rows() -> None:
    """Rows of one cohort have one set of options, drawn once."""
    networks = DecisionNetworks(DECISIONS, 2, 2, generators(0))
    chance = generators(1)[0]
    drawn = networks.draw(
        torch.randn(1, 50, 2, generator=chance),
        gumbel(torch.rand(1, 50, 2, generator=chance)),
        gumbel(torch.rand(1, 1, 2, 9, generator=chance)),
    )
    assert drawn.cohorts is not None
    for cohort in range(2):
        own = drawn.options[drawn.cohorts == cohort]
        assert len(own.unique(dim=0)) == 1
