"""What options do, worked by hand, and a criterion of one's own."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import torch

from trimtab.synthesis.combinations import Combinations
from trimtab.synthesis.decisions import (
    AGGREGATIONS,
    Aggregation,
    Decision,
    Draft,
    NeighbourCount,
    Participation,
    aggregation,
    get_decisions,
    outcomes,
)
from trimtab.synthesis.outcome_table import Outcomes

ROW = torch.tensor([[0.0, 2.0]])
NEAR = torch.tensor([[[3.0, 6.0], [-6.0, 10.0]]])  # 5 and 10 away


def draft(*noise: float) -> Draft:
    """Return one row with two neighbours; the noise is filled up by halves."""
    numbers = torch.tensor([[*noise, *[0.5] * (8 - len(noise))]])
    return Draft(ROW, NEAR, numbers, ROW)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("linear", [-1.5, 4.0]),  # to the second neighbour, a quarter of the way
        ("minimum", [-6.0, 2.0]),
        ("maximum", [3.0, 10.0]),
        ("sum", [-3.0, 18.0]),
        ("sum of offsets", [-3.0, 14.0]),
        ("average", [-1.0, 6.0]),
    ],
)
def test_aggregations_by_hand(name: str, made: list[float]) -> None:
    """Of (0, 2), (3, 6) and (-6, 10)."""
    (found,) = outcomes([Aggregation((name,))], draft(0.6, 0.25))[0]
    assert found.tolist() == pytest.approx(made)


def test_the_weighted_average_by_hand() -> None:
    """With 7.5 as the usual distance: weights 1, 1 / (1 + 2/3) and 1 / (1 + 4/3)."""
    (found,) = outcomes([Aggregation(("weighted average",))], draft())[0]
    first, second = 3 / 5, 3 / 7
    total = 1 + first + second
    expected = [
        (3 * first - 6 * second) / total,
        (2 + 6 * first + 10 * second) / total,
    ]
    assert found.tolist() == pytest.approx(expected)

    equal = replace(draft(), neighbours=ROW[:, None].expand(1, 3, 2))
    assert outcomes([Aggregation()], equal)[0, -1].tolist() == ROW[0].tolist()


def test_one_neighbour_of_two() -> None:
    """The count says who is looked at; more than there are is as many as there are."""
    choices = [NeighbourCount((1, 2, 6)), Aggregation(("maximum", "sum"))]
    found = outcomes(choices, draft())[0].tolist()
    one, both = [[3, 6], [3, 8]], [[3, 10], [-3, 18]]
    assert found == one + both + both


def test_drawn_options_choose_a_combination_and_a_weight() -> None:
    """Three rows: out, in with (second count, first way), in with (first, third)."""
    decisions = get_decisions(
        [Participation(), NeighbourCount((1, 2)), Aggregation(("sum", "linear", "sum"))]
    )
    table = Combinations(decisions)
    options = torch.tensor([[0, 0, 0], [1, 1, 0], [1, 0, 2]])
    assert table.n == 6
    assert table.weights(options).tolist() == [0, 1, 1]
    assert table.numbers(options).tolist() == [0, 3, 2]


def test_what_other_options_would_change_by_hand() -> None:
    """A row at 1 that the loss pulls up: towards 4 it falls by 3, weight costs 2."""
    decisions = get_decisions([Participation(), Aggregation(("sum", "linear"))])
    slopes = Combinations(decisions).slopes(
        torch.tensor([[1, 0]]),
        Outcomes(torch.tensor([[[1.0], [4.0]]])).along,
        torch.tensor([[-1.0]]),
        torch.tensor([2.0]),
    )
    assert slopes.tolist() == [[[0, 2], [-1, -4]]]


@dataclass(frozen=True)
class Reach(Decision):
    """How far beyond the row what was made is taken."""

    name: ClassVar[str] = "reach"
    options: tuple[Any, ...] = (0.5, 2.0)

    def take(self, option: Any, draft: Draft) -> Draft:
        return replace(draft, made=torch.lerp(draft.rows, draft.made, option))


@pytest.fixture
def _median() -> Iterator[None]:
    @aggregation("median")
    def median(draft: Draft) -> torch.Tensor:
        return draft.family.median(dim=1).values

    yield
    del AGGREGATIONS["median"]


@pytest.mark.usefixtures("_median")
def test_a_criterion_and_an_aggregation_of_ones_own() -> None:
    """Half of and twice the way from (0, 2) to the median, (0, 6)."""
    decisions = get_decisions(["participation", Aggregation(("median",)), Reach()])
    found = outcomes(decisions[1:], draft())[0]
    assert found.tolist() == [[0, 4], [0, 10]]
