"""How rows are split: the same for every method, every class in every part."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.benchmark.protocol import Protocol
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels

CODES = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [60, 25, 15]))


def all_rows(protocol: Protocol, seed: int = 0) -> list[tuple[list[int], list[int]]]:
    """Return the training and test rows of every split."""
    return [
        tuple(part.tolist() for part in protocol.rows(CODES, repeat, fold, seed))
        for repeat, fold in protocol.splits()
    ]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(5, 30), min_size=2, max_size=5),
    st.integers(2, 5),
    st.integers(0, 3),
    st.integers(0, 1000),
)
def test_folds_partition_the_rows_class_by_class(
    counts: list[int], n_splits: int, repeat: int, seed: int
) -> None:
    """Each row is tested once, and each fold has its share of each class."""
    codes = np.random.default_rng(0).permutation(np.repeat(range(len(counts)), counts))
    protocol = Protocol(n_splits, n_repeats=4)
    tested = np.zeros(len(codes), dtype=int)

    for fold in range(n_splits):
        training, test = protocol.rows(codes, repeat, fold, seed)
        assert np.array_equal(
            np.sort(np.concatenate([training, test])), np.arange(len(codes))
        )
        n_test = np.bincount(codes[test], minlength=len(counts))
        assert (np.abs(n_test - np.array(counts) / n_splits) <= 1).all()
        tested[test] += 1

    assert (tested == 1).all()


def test_same_seed_gives_the_same_folds() -> None:
    """Whoever asks, and in whatever order."""
    protocol = Protocol(5, n_repeats=2)

    assert all_rows(protocol) == all_rows(Protocol(5, n_repeats=2))
    last = protocol.rows(CODES, 1, 4, 0)
    assert [part.tolist() for part in last] == [*all_rows(protocol)[-1]]


def test_repeats_and_seeds_give_other_folds() -> None:
    """No two test parts of three repeats and two seeds are the same."""
    protocol = Protocol(4, n_repeats=3)

    tests = [tuple(test) for seed in (0, 10) for _, test in all_rows(protocol, seed)]

    assert len(set(tests)) == len(tests) == 24


def test_more_repeats_change_none_of_the_first() -> None:
    """A run is made longer without running anything again."""
    assert all_rows(Protocol(3, n_repeats=3))[:3] == all_rows(Protocol(3))


def test_threshold_tuning_changes_no_fold() -> None:
    """It happens inside the training part."""
    assert all_rows(Protocol(3, tune_threshold=True)) == all_rows(Protocol(3))


def test_repeated_splits_hold_out_the_share_of_each_class() -> None:
    """One split a repeat, each drawn anew, each with a fifth of every class."""
    protocol = Protocol(1, n_repeats=3, test_size=0.2)
    splits = all_rows(protocol)

    assert list(protocol.splits()) == [(0, 0), (1, 0), (2, 0)]
    for training, test in splits:
        assert sorted(training + test) == list(range(100))
        assert np.bincount(CODES[test]).tolist() == [12, 5, 3]
    assert len({tuple(test) for _, test in splits}) == 3
    assert splits == all_rows(protocol)


def test_splits_go_repeat_by_repeat() -> None:
    """The order of the experiments."""
    assert list(Protocol(2, n_repeats=2).splits()) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_share_of_the_test_part() -> None:
    """What the corrected t-test is told."""
    assert Protocol(5).test_fraction == 0.2
    assert Protocol(4, n_repeats=9).test_fraction == 0.25
    assert Protocol(1, test_size=0.3).test_fraction == 0.3


def test_description() -> None:
    """The protocol in a few words."""
    assert Protocol(5).describe() == "5 stratified folds"
    assert Protocol(2, n_repeats=3).describe() == "2 stratified folds × 3 repeats"
    assert Protocol(1, n_repeats=10, test_size=0.25).describe() == (
        "stratified splits with 25% for testing × 10 repeats"
    )


def test_too_few_rows_name_the_class() -> None:
    """Of the classes that are too small, the smallest is named, with the cure."""
    labels = encode_labels(["a"] * 9 + ["b"] * 4 + ["c"] * 3)
    Protocol(3).check(labels)
    Protocol(1, test_size=0.5).check(labels)

    with pytest.raises(InputError) as caught:
        Protocol(5).check(labels)

    assert str(caught.value) == (
        "class 'c' has 3 rows, fewer than the 5 that 5 stratified folds need: lower "
        "the number of folds, or merge or drop the class"
    )


def test_a_single_row_cannot_be_held_out() -> None:
    """It cannot be in both parts."""
    with pytest.raises(
        InputError, match=r"'b' has 1 row, fewer than the 2 .*: merge or"
    ):
        Protocol(1, test_size=0.5).check(encode_labels(["a", "a", "b"]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_splits": 1}, "n_splits (folds) is 1: give 2 or more"),
        ({"n_splits": 0}, "n_splits (folds) is 0: give 2 or more"),
        ({"n_repeats": 0}, "n_repeats (repeats) is 0: give 1 or more"),
        ({"n_splits": 1, "test_size": 1.0}, "test_size is 1.0 with n_splits 1: give"),
        ({"n_splits": 1, "test_size": 0.0}, "test_size is 0.0 with n_splits 1: give"),
        ({"test_size": 0.2}, "test_size is 0.2 with n_splits 5: give"),
    ],
)
def test_bad_protocols_are_refused(fields: dict[str, Any], message: str) -> None:
    """The line names the number as users know it."""
    with pytest.raises(InputError) as caught:
        Protocol(**fields)

    assert str(caught.value).startswith(message)


def test_two_seeds_share_no_split():
    """The second repeat of one seed is not the first of the next."""
    codes = np.repeat([0, 1], [30, 12])
    protocol = Protocol(n_splits=3, n_repeats=2)
    tests = {
        tuple(protocol.rows(codes, repeat, 0, seed)[1])
        for seed in (0, 1, 2)
        for repeat in (0, 1)
    }
    assert len(tests) == 6


def test_the_smallest_part_that_is_fitted() -> None:
    """A threshold takes a fifth of the training part, and three classes have none."""
    assert Protocol(5).fitted_share(2) == pytest.approx(0.8)
    assert Protocol(5, tune_threshold=True).fitted_share(2) == pytest.approx(0.64)
    assert Protocol(5, tune_threshold=True).fitted_share(3) == pytest.approx(0.8)


def test_a_threshold_is_no_hindrance_where_there_is_none() -> None:
    """Of two rows one is trained on: enough, with three classes and no threshold."""
    Protocol(2, tune_threshold=True).check(encode_labels([*"aaaabbbb", "c", "c"]))
    with pytest.raises(InputError, match="a tuned threshold needs 2"):
        Protocol(2, tune_threshold=True).check(encode_labels([*"aaaa", "c", "c"]))
