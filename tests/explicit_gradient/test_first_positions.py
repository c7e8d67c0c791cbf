"""How many rows of each class move."""

# SPDX-License-Identifier: BSD-3-Clause

from types import SimpleNamespace
from typing import Any

import numpy as np

from trimtab.explicit_gradient.first_positions import wanted_rows

CODES = np.repeat([0, 1, 2], [80, 10, 10])
LABELS = np.array(["a", "b", "c"])


def trained(best_epochs: list[int], *records: tuple[int, int, list[float]]) -> Any:
    """Return a first training with a record of each replica, epoch and classes' F1."""
    names = ("replica", "epoch", "class_f1")
    history = [dict(zip(names, record, strict=True)) for record in records]
    return SimpleNamespace(best_epochs=np.array(best_epochs), history=history)


def test_the_class_of_the_lower_f1_has_more_moving_rows() -> None:
    """Twenty rows by 1 - F1 at each replica's best epoch: 8 to 2, and 4 to 6."""
    first = trained(
        [2, 1],
        (0, 1, [0.9, 0.9, 0.1]),
        (0, 2, [0.9, 0.2, 0.8]),
        (1, 1, [0.9, 0.6, 0.4]),
        (1, 2, [0.9, 0.5, 0.5]),
    )
    wanted = wanted_rows(first, CODES, LABELS, True, None)

    assert wanted.tolist() == [[0, 16, 4], [0, 8, 12]]


def test_by_rows_or_by_the_users_wish_f1_does_not_count() -> None:
    """As many as a class has, or as many as are asked for."""
    first = trained([1], (0, 1, [0.9, 0.2, 0.8]))

    assert wanted_rows(first, CODES, LABELS, False, None).tolist() == [0, 10, 10]
    wish = wanted_rows(first, CODES, LABELS, True, {"c": 7})
    assert wish.tolist() == [0, 0, 7]
