"""What networks take in."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest

from trimtab.exceptions import InputError
from trimtab.training.input_checks import check_inputs


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
