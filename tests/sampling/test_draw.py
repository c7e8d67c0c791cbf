"""Epochs of rows: how often, which, for which replica."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.exceptions import InputError
from trimtab.sampling.draw import (
    DRAWS,
    AdaptiveDraw,
    Draw,
    FixedDraw,
    PriorDraw,
    RowsByClass,
    draw_epoch,
    epoch_rows,
    get_draw,
)

COUNTS = np.array([60, 12, 3])
CODES = torch.from_numpy(
    np.random.default_rng(0).permutation(np.repeat([0, 1, 2], COUNTS))
)
ROWS = RowsByClass.of(CODES, 3)


def generators(*seeds: int) -> list[torch.Generator]:
    """Return a generator for each seed."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def started(name: str, n_replicas: int = 1) -> Draw:
    """Return a draw on `COUNTS`."""
    draw = get_draw(name)
    draw.start(COUNTS, n_replicas)
    return draw


def drawn_counts(rows: torch.Tensor, codes: torch.Tensor = CODES) -> list[int]:
    """Return how many rows of each class were drawn."""
    return torch.bincount(codes[rows], minlength=3).tolist()


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("prior", [60, 12, 3]),
        ("balanced", [25, 25, 25]),
        ("over", [60, 60, 60]),
        ("under", [3, 3, 3]),
    ],
)
def test_classes_of_an_epoch(name: str, counts: list[int]) -> None:
    """A draw by name gives the rows that it says of each class."""
    (epoch,) = draw_epoch(started(name), ROWS, generators(0))
    assert drawn_counts(epoch) == counts


def test_prior_draw_is_a_permutation() -> None:
    """No resampling: each row once, in another order each epoch."""
    source = generators(0)
    first, second = (draw_epoch(started("prior"), ROWS, source)[0] for _ in range(2))
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(75))
    assert first.tolist() != second.tolist()


def test_over_sampling_shows_each_row_and_repeats_evenly() -> None:
    """60 draws of 12 rows are 5 of each, 60 of 3 are 20 of each."""
    (epoch,) = draw_epoch(started("over"), ROWS, generators(0))
    times = torch.bincount(epoch, minlength=75)
    of_class = [set(times[CODES.eq(c)].tolist()) for c in range(3)]
    assert of_class == [{1}, {5}, {20}]


def test_under_sampling_takes_no_row_twice_and_others_next_time() -> None:
    """Each epoch has other rows of the large class, none twice."""
    source = generators(0)
    first, second = (
        set(draw_epoch(started("under"), ROWS, source)[0].tolist()) for _ in "ab"
    )
    assert len(first) == len(second) == 9
    assert first != second


@pytest.mark.parametrize("name", DRAWS)
def test_a_replica_draws_what_its_seed_alone_draws(name: str) -> None:
    """Replica 2 of 3 sees the rows of the same seed trained alone, in every epoch."""
    together, alone = generators(5, 6, 7), generators(7)
    many, one = started(name, 3), started(name)
    for _ in range(2):
        of_many = draw_epoch(many, ROWS, together)
        assert torch.equal(of_many[2], draw_epoch(one, ROWS, alone)[0])
        assert not torch.equal(of_many[0], of_many[2])


@pytest.mark.parametrize("name", DRAWS)
def test_replicas_with_rows_of_their_own(name: str) -> None:
    """Each replica draws by its own rows' classes; row numbers stay within its data."""
    own = torch.stack([CODES, CODES.flip(0)])
    draw = get_draw(name)
    rows = RowsByClass.of(own, 3)
    draw.start(rows.counts.numpy(), 2)
    epochs = draw_epoch(draw, rows, generators(1, 2))
    (alone,) = draw_epoch(started(name), RowsByClass.of(own[1], 3), generators(2))
    assert torch.equal(epochs[1], alone)


def test_replicas_of_different_counts() -> None:
    """Replicas whose classes differ in size draw from their own all the same."""
    own = torch.stack([CODES, 2 - CODES])
    rows = RowsByClass.of(own, 3)
    assert rows.counts.tolist() == [[60, 12, 3], [3, 12, 60]]
    for name in DRAWS:
        draw = get_draw(name)
        draw.start(rows.counts.numpy(), 2)
        epochs = draw_epoch(draw, rows, generators(1, 2))
        for replica in range(2):
            drawn = drawn_counts(epochs[replica], own[replica])
            wanted = draw.probabilities()[replica] * sum(drawn)
            # ART's first half is drawn from all rows alike: it varies by more than 1.
            assert np.abs(drawn - wanted).max() < (10 if name == "adaptive" else 1.01)


@pytest.mark.parametrize("name", ["balanced", "adaptive"])
def test_batches_mix_the_classes(name: str) -> None:
    """The rows come in random order: each half has the classes of the whole."""
    codes = torch.arange(4000) % 2
    draw = get_draw(name)
    draw.start([2000, 2000], 1)
    (epoch,) = draw_epoch(draw, RowsByClass.of(codes, 2), generators(0))
    share = codes[epoch].double().view(2, -1).mean(dim=1)
    np.testing.assert_allclose(share, 0.5, atol=0.05)
    assert (codes[epoch].diff() != 0).float().mean() == pytest.approx(0.5, abs=0.05)


def test_arts_first_epoch() -> None:
    """Half an epoch is a subset of all rows, the other half is by thirds."""
    draw = AdaptiveDraw()
    draw.start(COUNTS, 1)
    np.testing.assert_allclose(
        draw.probabilities(), [[0.5 * n / 75 + 1 / 6 for n in COUNTS]]
    )
    rows = RowsByClass.of(CODES, 3)
    total = np.zeros(3)
    source = generators(3)
    for _ in range(200):
        total += drawn_counts(draw_epoch(draw, rows, source)[0])
    np.testing.assert_allclose(total / 200 / 75, draw.probabilities()[0], atol=0.01)


def test_prior_blend_1_never_resamples() -> None:
    """With c = 1 an epoch is a permutation of all rows whatever the scores."""
    draw = AdaptiveDraw(prior_blend=1)
    draw.start(COUNTS, 1)
    draw.update([[1, 0.5, 0]])
    (epoch,) = draw_epoch(draw, ROWS, generators(0))
    assert sorted(epoch.tolist()) == list(range(75))


def test_art_follows_scores_at_its_frequency() -> None:
    """With bf = 2 the second update moves the draw, the first and third do not."""
    draw = AdaptiveDraw(prior_blend=0, boost_frequency=np.int64(2))
    draw.start(COUNTS, 2)
    for scores, expected in [
        ([[1, 1, 0], [0, 1, 1]], [[1 / 3] * 3] * 2),
        ([[0.9, 0.9, 0.2], [0, 1, 1]], [[0.1, 0.1, 0.8], [1, 0, 0]]),
        ([[0, 0, 0], [0, 0, 0]], [[0.1, 0.1, 0.8], [1, 0, 0]]),
    ]:
        draw.update(scores)
        np.testing.assert_allclose(draw.probabilities(), expected)


def test_art_ignores_an_empty_class() -> None:
    """A class without training rows is not drawn, though its F1 is 0."""
    draw = AdaptiveDraw()
    draw.start([8, 0, 2], 1)
    draw.update([[0.5, 0, 0.5]])
    np.testing.assert_allclose(draw.probabilities(), [[0.65, 0, 0.35]])
    codes = torch.tensor([0] * 8 + [2] * 2)
    (epoch,) = draw_epoch(draw, RowsByClass.of(codes, 3), generators(0))
    assert len(epoch) == 10


def test_confidence_counts_proven_difficulty() -> None:
    """Of two equally bad classes the one measured on fewer rows weighs less."""
    draw = AdaptiveDraw(prior_blend=0, confidence=0.95)
    draw.start([50, 50], 1)
    draw.update([[0.5, 0.5]], support=[1000, 10])
    np.testing.assert_allclose(
        draw.probabilities(), [[0.469 / 0.706, 0.237 / 0.706]], atol=0.001
    )
    with pytest.raises(InputError, match="support is None"):
        draw.update([[0.5, 0.5]])


def test_state_of_an_adaptive_draw() -> None:
    """A draw that loads another's state goes on like it."""
    first, second = AdaptiveDraw(boost_frequency=2), AdaptiveDraw(boost_frequency=2)
    for draw in (first, second):
        draw.start(COUNTS, 1)
    first.update([[0, 0, 0]])
    second.load_state_dict(first.state_dict())
    for draw in (first, second):
        draw.update([[1, 1, 0.5]])
    np.testing.assert_array_equal(first.probabilities(), second.probabilities())
    assert first.probabilities()[0, 2] > 0.5


@given(
    st.lists(st.integers(0, 30), min_size=2, max_size=8).filter(any),
    st.integers(1, 200),
    st.floats(0, 1),
    st.booleans(),
    st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=60)
def test_an_epoch_has_its_size_and_no_unwanted_class(
    counts: list[int], n_rows: int, share: float, replacement: bool, seed: int
) -> None:
    """Any counts, sizes and shares: whole epochs of rows that exist and are wanted."""
    rng = np.random.default_rng(seed)
    codes = torch.from_numpy(rng.permutation(np.repeat(range(len(counts)), counts)))
    wanted = rng.random((2, len(counts))) * (np.array(counts) > 0)
    wanted /= wanted.sum(axis=1, keepdims=True)
    epochs = epoch_rows(
        RowsByClass.of(codes, len(counts)),
        wanted,
        n_rows,
        generators(seed, 1),
        without_replacement_share=share,
        replacement=replacement,
    )
    assert epochs.shape == (2, n_rows)
    assert ((epochs >= 0) & (epochs < len(codes))).all()
    if share == 0:
        for epoch, p in zip(epochs, wanted, strict=True):
            drawn = torch.bincount(codes[epoch], minlength=len(counts)).numpy()
            assert (np.abs(drawn - n_rows * p) < 1 + 1e-6).all()
            if not replacement:
                times = torch.bincount(epoch, minlength=len(codes)).numpy()
                assert all(
                    np.ptp(times[codes.numpy() == c]) <= 1
                    for c in np.flatnonzero(counts)
                )


def test_a_thousand_classes() -> None:
    """K = 1000 with 3 rows each: each class comes as often as wanted, or 1 off."""
    codes = torch.arange(3000) % 1000
    wanted = np.full((1, 1000), 1 / 2000)
    wanted[0, 0] += 0.5
    (epoch,) = epoch_rows(RowsByClass.of(codes, 1000), wanted, 2000, generators(0))
    drawn = torch.bincount(codes[epoch], minlength=1000)
    assert abs(int(drawn[0]) - 1001) <= 1
    assert set(drawn[1:].tolist()) <= {0, 1, 2}


def test_rounding_is_right_on_average() -> None:
    """A class that wants half a row an epoch gets one every other epoch."""
    wanted = np.array([[0.95, 0.05, 0]])
    source = generators(0)
    drawn = [
        drawn_counts(epoch_rows(ROWS, wanted, 10, source)[0])[1] for _ in range(400)
    ]
    assert set(drawn) == {0, 1}
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.08)


def test_own_targets() -> None:
    """A distribution may be proportions, numbers of rows, or a function of counts."""
    for distribution, counts in [
        ([0.2, 0.2, 0.6], [15, 15, 45]),
        ([4, 5, 6], [4, 5, 6]),
        (lambda n: np.minimum(n, 10), [10, 10, 3]),
    ]:
        draw = FixedDraw(distribution)
        draw.start(COUNTS, 1)
        (epoch,) = draw_epoch(draw, ROWS, generators(0))
        assert drawn_counts(epoch) == counts


@pytest.mark.parametrize("wanted", [[1, 4, 2], [0.8, 0.8, 0.8]])
def test_proportions_that_are_taken_for_rows_are_told(wanted: list[float]) -> None:
    """An epoch of seven rows is not what is meant; that of 300 may be."""
    with pytest.warns(UserWarning, match=r"asks for \d rows an epoch: give numbers of"):
        FixedDraw(wanted).start(COUNTS, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        FixedDraw([100, 100, 100]).start(COUNTS, 1)
        FixedDraw([0.1, 0.4, 0.5]).start(COUNTS, 1)
        FixedDraw("under").start([3, 2, 1], 1)


def test_get_draw_leaves_the_users_object_alone() -> None:
    """An object is copied, so that a fit does not change an estimator's parameter."""
    mine = AdaptiveDraw(prior_blend=0.3)
    copy = get_draw(mine)
    copy.start(COUNTS, 1)
    assert isinstance(copy, AdaptiveDraw)
    assert copy.prior_blend == 0.3
    assert not hasattr(mine, "_prior")
    assert (
        repr(mine)
        == "AdaptiveDraw(prior_blend=0.3, boost_frequency=1, confidence=None)"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: get_draw("adaptve"), "did you mean 'adaptive'"),
        (lambda: get_draw(PriorDraw), "give a name"),
        (lambda: get_draw(3), "draw is 3"),
        (lambda: FixedDraw("ballanced").start(COUNTS, 1), "did you mean 'balanced'"),
        (lambda: FixedDraw([0.5, 0.5]).start(COUNTS, 1), "each of the 3 classes"),
        (lambda: AdaptiveDraw(1.5).start(COUNTS, 1), r"prior_blend is 1\.5"),
        (lambda: AdaptiveDraw(0.5, 0).start(COUNTS, 1), "boost_frequency is 0"),
        (lambda: AdaptiveDraw(0.5, 1.5).start(COUNTS, 1), r"boost_frequency is 1\.5"),
        (lambda: started("adaptive").update([0.5]), "the scores have the shape"),
        (
            lambda: epoch_rows(
                RowsByClass.of(CODES, 4), [[0.25] * 4], 8, generators(0)
            ),
            "class 3 is wanted but has no rows",
        ),
        (lambda: epoch_rows(ROWS, [[0.5, 0.2, 0.2]], 8, generators(0)), "add up to 1"),
    ],
)
def test_errors_name_the_value(call, message: str) -> None:
    """What cannot be used is named, with what to give."""
    with pytest.raises(InputError, match=message):
        call()
