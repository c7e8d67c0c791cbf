"""Outcomes that are kept, and those that depend on chance, beside all made anew."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator

import pytest
import torch

from trimtab.synthesis.combinations import outcomes_of_families
from trimtab.synthesis.decisions import (
    AGGREGATIONS,
    Aggregation,
    Draft,
    NeighbourCount,
    aggregation,
)
from trimtab.synthesis.outcome_table import Outcomes, OutcomeTable, left_to_chance

COUNTS = NeighbourCount((1, 3))


def test_only_interpolation_is_left_to_chance() -> None:
    """Of two counts and three ways, the two that go part of the way."""
    draft = Draft(
        torch.zeros(2, 3), torch.ones(2, 4, 3), torch.rand(2, 8), torch.zeros(2, 3)
    )
    ways = Aggregation(("average", "linear", "sum"))
    found = left_to_chance([COUNTS, ways], draft)
    assert found == [False, True, False] * 2


@pytest.fixture
def _elsewhere() -> Iterator[None]:
    @aggregation("elsewhere")
    def elsewhere(draft: Draft) -> torch.Tensor:
        return draft.rows + draft.noise[:, 2:3]

    yield
    del AGGREGATIONS["elsewhere"]


@pytest.mark.usefixtures("_elsewhere")
@pytest.mark.parametrize(
    "ways",
    [
        ("linear", "maximum", "weighted average"),
        ("linear",),
        ("sum",),
        ("linear", "elsewhere", "maximum"),
    ],
)
def test_outcomes_beside_all_made_anew(ways: tuple[str, ...]) -> None:
    """Two sets of rows, a class of few neighbours, a row that is alone."""
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(2, 6, 4, generator=generator)
    partners = torch.randint(6, (12, 3), generator=generator)
    counts = torch.tensor([3, 3, 2, 0, 3, 3] * 2)
    shaping = [COUNTS, Aggregation(ways)]
    rows = torch.tensor([1, 3, 8, 8, 11, 2])
    noise = torch.rand(6, 8, generator=generator)
    n = 2 * len(ways)
    numbers = torch.randint(n, (6, 5), generator=generator)
    found = OutcomeTable(shaping, X, partners, counts).outcomes(rows, noise)

    flat, first = X.flatten(0, 1), rows // 6 * 6
    family = flat[torch.cat([rows[:, None], partners[rows] + first[:, None]], dim=1)]
    made = outcomes_of_families(shaping, family, counts[rows], noise, [0, 2, 3])
    expected = made[torch.arange(6)[:, None], numbers]
    torch.testing.assert_close(found.of(numbers), expected)
    slopes = torch.randn(6, 4, generator=generator)
    along = (expected * slopes[:, None]).sum(dim=2)
    torch.testing.assert_close(found.along(numbers, slopes), along)
    torch.testing.assert_close(Outcomes(made).along(numbers, slopes), along)
