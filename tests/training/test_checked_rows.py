"""What wraps a network checks the user's table as the network would."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trimtab import (
    ARTClassifier,
    AutoSMOTEClassifier,
    ExplicitGradientClassifier,
    InputError,
)

Y = np.arange(60) % 2


@pytest.mark.parametrize(
    "kind", [ARTClassifier, AutoSMOTEClassifier, ExplicitGradientClassifier]
)
def test_a_column_with_holes_is_named(kind: Any) -> None:
    """By its name, with all holes counted, in ``fit`` and later."""
    whole = pd.DataFrame(
        np.random.default_rng(0).normal(size=(60, 3)), columns=[*"abc"]
    )
    holed = whole.copy()
    holed.loc[[3, 50], "b"] = np.nan

    with pytest.raises(InputError, match="column 'b' of X holds NaN in 2 of 60 values"):
        kind().fit(holed, Y)
    model = kind(max_iter=1, random_state=0).fit(whole, Y)
    with pytest.raises(InputError, match="column 'b' of X holds NaN in 2 of 60 values"):
        model.predict(holed)


@pytest.mark.parametrize(
    "kind", [ARTClassifier, AutoSMOTEClassifier, ExplicitGradientClassifier]
)
def test_a_name_that_occurs_twice_is_refused(kind: Any) -> None:
    """In one line, as a comparison refuses it."""
    numbers = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.raises(InputError, match="X has the column 'a' 2 times: rename all"):
        kind().fit(pd.DataFrame(numbers, columns=list("aab")), Y)
