"""Which rows each policy draws, from rounds that are made by hand."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest

from trimtab import InputError
from trimtab.ensembles.policies import (
    POLICIES,
    CascadePolicy,
    GaussianPolicy,
    Policy,
    RandomPolicy,
    SelfPacedPolicy,
    UniformPolicy,
    policy_of,
)
from trimtab.ensembles.round import Round

SIZES = [200, 20, 60]


def a_round(number: int = 3, errors: Any = None, **parts: Any) -> Round:
    """Make a round over three classes, with errors from 0 to 1 in each."""
    codes = np.repeat([0, 1, 2], SIZES)
    if errors is None:
        errors = np.concatenate([np.linspace(0, 1, size) for size in SIZES])
    options: dict[str, Any] = {
        "number": number,
        "n_rounds": 10,
        "codes": codes,
        "errors": errors,
        "held_out_codes": codes[::5],
        "held_out_errors": errors[::5],
        "score": 0.5,
        "rows_by_class": tuple(np.flatnonzero(codes == code) for code in range(3)),
        "rng": np.random.default_rng(0),
        **parts,
    }
    return Round(**options)


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("number", [0, 1, 9])
def test_every_class_shrinks_to_the_smallest(name: str, number: int) -> None:
    """All draws are balanced, hold no row twice, and all of the smallest class."""
    errors = np.full(sum(SIZES), 2 / 3) if number == 0 else None
    round = a_round(number, errors)
    rows = policy_of(name).select(round)

    assert np.bincount(round.codes[rows]).tolist() == [20, 20, 20]
    assert len(set(rows.tolist())) == 60
    assert set(range(200, 220)) <= set(rows.tolist())


@pytest.mark.parametrize("name", POLICIES)
def test_ratio_is_rows_for_one_of_the_smallest(name: str) -> None:
    """A class that has fewer gives all it has."""
    round = a_round()
    rows = POLICIES[name](ratio=5).select(round)

    assert np.bincount(round.codes[rows]).tolist() == [100, 20, 60]
    assert round.notes["ratio"] == 5


@pytest.mark.parametrize("mu", [0.0, 0.5, 1.0])
def test_gaussian_draws_near_its_mean(mu: float) -> None:
    """In each class that shrinks, drawn errors lie closer to mu than errors do."""
    round = a_round()
    rows = GaussianPolicy(mu, sigma=0.05).select(round)

    for code in (0, 2):
        drawn = round.errors[rows[round.codes[rows] == code]]
        everyone = round.errors[round.rows_by_class[code]]
        assert abs(drawn - mu).mean() < 0.5 * abs(everyone - mu).mean()
    assert round.notes == {"mu": mu, "sigma": 0.05, "ratio": 1.0}


def test_random_policy_draws_another_mean_each_time() -> None:
    """Its means are spread over [0, 1]."""
    round = a_round()
    means = []
    for _ in range(200):
        RandomPolicy().select(round)
        means.append(round.notes["mu"])

    assert min(means) < 0.05
    assert max(means) > 0.95
    assert np.mean(means) == pytest.approx(0.5, abs=0.06)


def test_self_paced_goes_from_easy_rows_to_all_alike() -> None:
    """Early draws follow 1 / (hardness + alpha), late ones take as many of each bin."""
    early, late = a_round(1), a_round(9)
    policy = SelfPacedPolicy(n_bins=4)
    shares = [
        np.histogram(round.errors[rows[round.codes[rows] == 0]], 4, (0, 1))[0]
        for round, rows in ((r, policy.select(r)) for r in (early, late))
    ]

    alpha = np.tan(np.pi / 20)
    means = [np.linspace(0, 1, 200)[i * 50 : i * 50 + 50].mean() for i in range(4)]
    wanted = 1 / (np.array(means) + alpha)
    np.testing.assert_allclose(shares[0], 20 * wanted / wanted.sum(), atol=1)
    np.testing.assert_allclose(shares[1], 5, atol=1)
    assert early.notes["alpha"] == pytest.approx(alpha)


@pytest.mark.parametrize(
    ("hardness", "of_easy", "of_hard"),
    [
        ("absolute", 0.3, 0.9),
        ("squared", 0.09, 0.81),
        ("cross_entropy", 0.35667, 2.30259),  # -log 0.7 and -log 0.1
    ],
)
def test_self_paced_knows_three_kinds_of_hardness(
    hardness: str, of_easy: float, of_hard: float
) -> None:
    """Rows of the errors 0.3 and 0.9 share 100 places by 1 / (hardness + alpha)."""
    errors = np.where(np.arange(sum(SIZES)) % 2 == 0, 0.3, 0.9)
    round = a_round(1, errors)
    rows = SelfPacedPolicy(2, hardness, ratio=5).select(round)
    drawn = errors[rows[round.codes[rows] == 0]]

    easy, hard = (1 / (h + np.tan(np.pi / 20)) for h in (of_easy, of_hard))
    assert len(drawn) == len(set(rows[round.codes[rows] == 0].tolist())) == 100
    # Whole rows: the one number below the share, or the one above.
    assert abs((drawn == 0.3).sum() - 100 * easy / (easy + hard)) < 1


def test_unknown_hardness_is_an_error() -> None:
    """The message names the known ones."""
    with pytest.raises(InputError, match="no hardness 'absolut': did you mean"):
        SelfPacedPolicy(hardness="absolut").select(a_round())


def test_cascade_drops_easy_rows_for_good() -> None:
    """The pool shrinks geometrically to the draw's size; what left never returns."""
    memory: dict[str, Any] = {}
    rng = np.random.default_rng(0)
    pools = []
    for number in range(10):
        errors = rng.uniform(size=sum(SIZES)) if number else np.full(sum(SIZES), 2 / 3)
        round = a_round(number, errors, memory=memory, rng=rng)
        before = set(memory["left"][0].tolist()) if memory else set(range(200))
        rows = CascadePolicy().select(round)
        left = set(memory["left"][0].tolist())
        assert left <= before
        assert set(rows[:20].tolist()) <= left
        dropped = [round.errors[row] for row in before - left]
        assert max(dropped, default=0) <= min(round.errors[row] for row in left)
        pools.append(len(left))

    assert pools == [int(np.ceil(200 * (20 / 200) ** (t / 9))) for t in range(10)]
    assert pools[-1] == 20


def test_cascade_of_one_member_is_a_balanced_draw() -> None:
    """There is no round in which anything could be dropped."""
    rows = CascadePolicy().select(a_round(0, n_rounds=1))

    assert len(rows) == 60


def test_histograms_of_a_round() -> None:
    """Of all rows, or of each class; held-out rows apart."""
    round = a_round()
    whole, per_class = round.histograms(4), round.histograms(4, per_class=True)
    share = round.class_counts / round.class_counts.sum()

    np.testing.assert_allclose(share @ per_class.train, whole.train)
    assert per_class.held_out.shape == (3, 4)
    assert whole.held_out.sum() == pytest.approx(1)


def test_weights_may_be_an_array_or_a_function() -> None:
    """Both mean the chance of a row among those of its class."""
    weights = (a_round().errors > 0.9).astype(float)
    by_array = a_round().draw(weights)
    by_function = a_round().draw(lambda errors: (errors > 0.9).astype(float))

    np.testing.assert_array_equal(by_array, by_function)
    assert (a_round().errors[by_array[:20]] > 0.9).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(7), r"weights have the shape \(7,\): give one number"),
        (np.full(280, -1.0), "a row has the weight -1.0: give numbers of 0 or more"),
        (np.log, "a row has the weight -inf"),
        (lambda errors: errors * np.nan, "a row has the weight nan"),
        (lambda errors: errors[1:], r"shape \(199,\): give one number"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_weights_that_are_none_are_errors(weights: Any, message: str) -> None:
    """A policy of one's own would draw arbitrary rows."""
    with pytest.raises(InputError, match=message):
        a_round().draw(weights)


def test_ratio_below_one_is_an_error() -> None:
    """The message says what is allowed."""
    with pytest.raises(InputError, match=r"ratio is 0.5: give a number of 1 or more"):
        UniformPolicy(0.5).select(a_round())


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (GaussianPolicy(mu=1.1), r"mu is 1.1: give an error in \[0, 1\]"),
        (GaussianPolicy(mu=float("nan")), "mu is nan"),
        (GaussianPolicy(sigma=0), "sigma is 0: give a number above 0"),
        (RandomPolicy(sigma=-0.2), "sigma is -0.2"),
        (SelfPacedPolicy(n_bins=0), "n_bins is 0: give a whole number"),
        (SelfPacedPolicy(n_bins=2.5), "n_bins is 2.5"),
    ],
)
@pytest.mark.parametrize("number", [0, 3])
def test_settings_out_of_range_are_errors(
    policy: Policy, message: str, number: int
) -> None:
    """Before the first member too, though its draw does not need them."""
    with pytest.raises(InputError, match=message):
        policy.select(a_round(number))


@pytest.mark.parametrize("wrong", ["unifrom", 3, UniformPolicy])
def test_what_is_no_policy_is_an_error(wrong: Any) -> None:
    """A misspelled name, a number, a class in the place of an object."""
    with pytest.raises(InputError, match=r"did you mean 'uniform'|policy is"):
        policy_of(wrong)


def test_any_object_that_selects_is_a_policy() -> None:
    """No base class is needed."""

    class Mine:
        def select(self, round: Round) -> np.ndarray:
            return round.draw()

    mine = Mine()

    assert isinstance(mine, Policy)
    assert policy_of(mine) is mine
