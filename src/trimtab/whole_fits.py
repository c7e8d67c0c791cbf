"""A fit that fails leaves an estimator as it was."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["all_or_nothing"]


@contextmanager
def all_or_nothing(*estimators: Any) -> Iterator[None]:
    """Take back what the enclosed block sets on estimators, if it raises.

    A model that was fitted before goes on as it was; one that was not is not half
    fitted. Where the labels of a new fit met the members of an old one, predictions
    would be wrong without a word.

    Parameters
    ----------
    *estimators : estimator
        Their attributes are remembered, not what these hold: the block may set others,
        and not change them.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> model = DummyClassifier()
    >>> try:
    ...     with all_or_nothing(model):
    ...         model.classes_ = [0, 1]
    ...         raise ValueError
    ... except ValueError:
    ...     hasattr(model, "classes_")
    False
    """
    before = [estimator.__dict__.copy() for estimator in estimators]
    try:
        yield
    except BaseException:
        for estimator, attributes in zip(estimators, before, strict=True):
            estimator.__dict__.clear()
            estimator.__dict__.update(attributes)
        raise
