"""What AutoSMOTE decided, as a picture in code: scikit-learn's way, with matplotlib."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.autosmote.row_decisions import RowDecisions
from trimtab.exceptions import InputError, MissingExtraError

__all__ = ["DecisionsDisplay"]


class DecisionsDisplay:
    """How likely each option of each decision is, class by class.

    Make one by `from_estimator`. One panel for each decision; in it a group of bars for
    each class, the mean over its rows and over the replicas.

    Read more in the :doc:`user guide </user_guide/autosmote>`.

    Parameters
    ----------
    decided : RowDecisions
        The numbers.

    Attributes
    ----------
    figure_ : Figure
        What was drawn on.
    axes_ : ndarray of Axes of shape (n_decisions,)
        One for each decision.
    shares_ : dict of ndarray of float of shape (n_classes, n_options)
        What the bars show, by the decision's name.
    classes_ : ndarray of shape (n_classes,)
        The classes of which rows are made.

    See Also
    --------
    trimtab.autosmote.learned_classifier.AutoSMOTEClassifier : Whose decisions these
        are.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import AutoSMOTEClassifier, DecisionsDisplay
    >>> X, y = make_classification(300, weights=[0.9], random_state=0)
    >>> model = AutoSMOTEClassifier(max_iter=10, random_state=0).fit(X, y)
    >>> display = DecisionsDisplay.from_estimator(model)
    >>> [ax.get_title() for ax in display.axes_]
    ['participation', 'neighbours', 'aggregation']
    """

    def __init__(self, decided: RowDecisions) -> None:
        self.decided = decided

    @classmethod
    def from_estimator(cls, estimator: Any, *, axes: Any = None) -> "DecisionsDisplay":
        """Draw what a fitted estimator has decided.

        Parameters
        ----------
        estimator : estimator
            An `AutoSMOTEClassifier` or an `AutoSMOTE` sampler, or a pipeline around
            one, fitted.
        axes
            See `plot`.

        Returns
        -------
        DecisionsDisplay

        Raises
        ------
        InputError
            Where the estimator has decided nothing.
        """
        return cls(_decided_by(estimator)).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> "DecisionsDisplay":
        """Draw.

        Parameters
        ----------
        axes : sequence of Axes or None, default=None
            One for each decision. None: a new figure.

        Returns
        -------
        DecisionsDisplay
            Itself.

        Raises
        ------
        InputError
            Where there are not as many axes as decisions.
        MissingExtraError
            Where matplotlib is not installed.
        """
        names = list(self.decided.options)
        self.axes_ = _axes(axes, [len(self.decided.options[name]) for name in names])
        self.figure_ = self.axes_[0].figure
        self.classes_ = np.unique(self.decided.labels)
        self.shares_ = {name: self._shares(name) for name in names}
        for ax, name in zip(self.axes_, names, strict=True):
            self._draw(ax, name)
        self.axes_[0].set_ylabel("mean probability")
        self.axes_[-1].legend(
            title="class", loc="upper left", bbox_to_anchor=(1.0, 1.0)
        )
        return self

    def _shares(self, name: str) -> NDArray[np.float64]:
        of_rows = self.decided.chances[name].mean(axis=0)
        labels = self.decided.labels
        return np.array([of_rows[labels == one].mean(axis=0) for one in self.classes_])

    def _draw(self, ax: Any, name: str) -> None:
        options = [str(option) for option in self.decided.options[name]]
        places = np.arange(len(options))
        width = 0.8 / len(self.classes_)
        for number, label in enumerate(self.classes_):
            beside = (number - (len(self.classes_) - 1) / 2) * width
            ax.bar(places + beside, self.shares_[name][number], width, label=str(label))
        are_long = max(map(len, options)) > 3
        ax.set_xticks(places, options, rotation=45 if are_long else 0)
        ax.set(title=name, ylim=(0, 1))


def _decided_by(estimator: Any) -> RowDecisions:
    """Return the decisions of an estimator or of a step of a pipeline."""
    steps = [step for _, step in getattr(estimator, "steps", [])]
    for one in [estimator, *steps]:
        # A sampler has it from the classifier that it fitted.
        for fitted in (one, getattr(one, "estimator_", None)):
            decided = getattr(fitted, "row_decisions_", None)
            if isinstance(decided, RowDecisions):
                return decided
    raise InputError(
        f"{type(estimator).__name__} has decided nothing: fit an AutoSMOTEClassifier "
        "or an AutoSMOTE sampler first"
    )


def _axes(axes: Any, widths: list[int]) -> NDArray[Any]:
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingExtraError("matplotlib", "bench") from error

        _, made = pyplot.subplots(
            ncols=len(widths),
            width_ratios=[width + 1 for width in widths],
            sharey=True,
            squeeze=False,
            figsize=(9, 3.5),
            layout="constrained",
        )
        return np.asarray(made).reshape(-1)
    given = np.asarray(axes, dtype=object).reshape(-1)
    if len(given) != len(widths):
        raise InputError(
            f"axes holds {len(given)}: give one for each of the {len(widths)} decisions"
        )
    return given
