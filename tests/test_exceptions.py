"""The errors that trimtab raises on purpose."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle

import pytest

from trimtab.exceptions import InputError, MissingExtraError, nearest_names


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
