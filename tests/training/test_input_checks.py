"""What users set, and what networks take in."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest

from trimtab.exceptions import InputError
from trimtab.training.input_checks import check_count, check_inputs, check_number


@pytest.mark.parametrize("value", [1, 5, np.int64(2)])
def test_whole_numbers_pass(value: Any) -> None:
    """Python's and numpy's alike."""
    check_count("batch_size", value)


@pytest.mark.parametrize("value", [0, -1, 1.0, "3", None, True, np.nan])
def test_what_is_no_count_is_refused(value: Any) -> None:
    """The line names the parameter, the value and the least."""
    with pytest.raises(InputError) as caught:
        check_count("batch_size", value)

    assert str(caught.value) == (
        f"batch_size is {value!r}: give a whole number, 1 or more"
    )


@pytest.mark.parametrize("value", [0, 0.5, np.float32(0.9)])
def test_numbers_within_bounds_pass(value: Any) -> None:
    """The lower bound is allowed."""
    check_number("dropout", value, at_least=0, below=1)


@pytest.mark.parametrize("value", [1, -0.1, np.nan, np.inf, "0.5", None, True])
def test_numbers_out_of_bounds_are_refused(value: Any) -> None:
    """The line says the bounds."""
    with pytest.raises(InputError) as caught:
        check_number("dropout", value, at_least=0, below=1)

    assert str(caught.value) == f"dropout is {value!r}: give a number from 0, below 1"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "column {} of X holds NaN in 1 of 3 values: fill them first, for "),
        (np.inf, "column {} of X holds 1 values that are infinite (inf) or too large"),
        (-np.inf, "column {} of X holds 1 values that are infinite (inf)"),
    ],
)
@pytest.mark.parametrize(("names", "name"), [(None, "1"), (["age", "cost"], "'cost'")])
def test_column_that_is_not_finite_is_named(
    value: float, message: str, names: Any, name: str
) -> None:
    """By its name, or its number where it has none."""
    X = np.zeros((3, 2), dtype=np.float32)
    check_inputs(X, names)
    X[2, 1] = value

    with pytest.raises(InputError) as caught:
        check_inputs(X, names)

    assert str(caught.value).startswith(message.format(name))
