"""The errors that trimtab raises on purpose, and checks of numbers that users set."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from typing import Any

import numpy as np
import pytest

from trimtab.exceptions import (
    InputError,
    MissingExtraError,
    check_count,
    check_number,
    nearest_names,
)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028"])
def test_input_error_is_one_line(end: str) -> None:
    """A column's name may hold any line break; blanks in names are kept."""
    error = InputError(f"no column 'a{end}b  c'")

    assert str(error) == "no column 'a b  c'"
    assert isinstance(error, ValueError)


def test_errors_travel_between_processes() -> None:
    """Workers send them home."""
    error = pickle.loads(pickle.dumps(InputError("no such file: x")))

    assert type(error) is InputError
    assert str(error) == "no such file: x"


def test_missing_extra_says_what_to_type() -> None:
    """The command installs it."""
    error = MissingExtraError("plotly", "compare")

    assert str(error) == (
        "plotly is not installed; it comes with: pip install 'trimtab[compare]'"
    )
    assert isinstance(error, ImportError)


def test_hint_names_the_nearest_or_some() -> None:
    """Three at most where they are near, ten where nothing is."""
    known = ["smote", "smotenc", "svm-smote", "borderline-smote", "adasyn"]

    assert nearest_names("smot", known) == (
        "did you mean 'smote' or 'smotenc' or 'svm-smote'?"
    )
    assert nearest_names("smot", known, n=1) == "did you mean 'smote'?"
    assert nearest_names("qqq", known[:2]) == "known are 'smote', 'smotenc'"
    assert nearest_names("qqq", [f"x{i:02}" for i in range(11)]).endswith(
        "'x08', 'x09', ..."
    )


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
