"""Held-out sets and weights that are given to ``fit``."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from trimtab import InputError
from trimtab.fit_arguments import check_eval_set, check_sample_weight, encode_as
from trimtab.tables import encode_labels

X = np.zeros((4, 2))
LABELS = encode_labels([2, 10, 10, 2, 10])
WORDS = encode_labels(["no", "yes", "no"])


@pytest.mark.parametrize(
    "y",
    [
        [10, 2, 2, 10],
        np.array([10, 2, 2, 10], dtype=object),
        np.array([[10], [2], [2], [10]]),
        np.array([10.0, 2.0, 2.0, 10.0]),
        pd.Series([10, 2, 2, 10], dtype="Int64"),
        pl.Series([10, 2, 2, 10]),
    ],
)
def test_held_out_labels_have_the_codes_of_the_training_rows(y: Any) -> None:
    """Whatever container they come in."""
    assert encode_as(y, LABELS).tolist() == [1, 0, 0, 1]


def test_one_class_alone_is_encoded() -> None:
    """Whether all classes must be there is another question."""
    assert encode_as(["yes", "yes"], WORDS).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        # As text "10" sorts before "2": their own codes would be the wrong way round.
        (
            ["10", "2", "2", "10"],
            "such as '10', and the training rows such as 2",
        ),
        (np.array([10, 2, 3, 2], dtype=object), "has the class 3, and the training"),
        (pd.Series([10, None, 2, 2], dtype="Int64"), "is missing in 1 of 4 rows"),
        ([10, 2, 2], "eval_set has 4 rows and 3 labels"),
        ([10, 10, 10, 10], "eval_set has no row of class 2"),
    ],
)
def test_unusable_held_out_labels_are_named(y: Any, message: str) -> None:
    """The value and what to do."""
    with pytest.raises(InputError, match=message):
        check_eval_set((X, y), LABELS)


def test_strange_text_among_objects_is_named() -> None:
    """Labels of pandas and of object arrays have no NumPy types of their own."""
    with pytest.raises(InputError, match="class 'perhaps', and the training rows have"):
        check_eval_set((X[:2], pd.Series(["yes", "perhaps"])), WORDS)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (["a", "b", "c"], "not all numbers"),
        ([0, 1, 0], "sample_weight is 0 in all rows of class 'no'"),
        ([1, -1, 1], "sample_weight holds -1"),
        ([1, 1], "has the shape"),
    ],
)
def test_unusable_weights_are_named(weight: Any, message: str) -> None:
    """Text, too few, negative ones, and a class without any."""
    with pytest.raises(InputError, match=message):
        check_sample_weight({"sample_weight": weight}, WORDS)
