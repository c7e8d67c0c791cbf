"""How ART's draw moved, as a picture in code: scikit-learn's way, with matplotlib."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.exceptions import InputError, MissingExtraError
from trimtab.sampling.draw_history import DrawHistory

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

__all__ = ["DrawHistoryDisplay"]

MANY = 12
"""Of more classes those are drawn whose share moved the furthest."""


class DrawHistoryDisplay:
    """What was drawn of each class, epoch by epoch, above its F1 on held-out rows.

    Make one by `from_estimator`. A dashed line is a class's share of the training
    rows, a dotted one the epoch whose model was kept.

    Read more in the :doc:`user guide </user_guide/art>`.

    Parameters
    ----------
    history : DrawHistory
        The numbers.

    Attributes
    ----------
    figure_ : Figure
        What was drawn on.
    axes_ : ndarray of Axes of shape (2,)
        The shares, and the F1.
    lines_ : ndarray of Line2D of shape (2, n_classes_drawn)
        Each class's line in either.

    See Also
    --------
    trimtab.art.ARTClassifier : Whose ``history_`` this is.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import SGDClassifier
    >>> from trimtab import ARTClassifier, DrawHistoryDisplay
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> learner = SGDClassifier(loss="log_loss")
    >>> art = ARTClassifier(learner, max_iter=5, random_state=0).fit(X, y)
    >>> display = DrawHistoryDisplay.from_estimator(art)
    >>> display.axes_[0].get_ylabel()
    'share of the draw'
    """

    def __init__(self, history: DrawHistory) -> None:
        self.history = history

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        axes: Any = None,
        classes: ArrayLike | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> "DrawHistoryDisplay":
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            An `ARTClassifier`, or a pipeline or a search around one, fitted. Of
            several replicas the mean is drawn.
        axes, classes, line_kw
            See `plot`.

        Returns
        -------
        DrawHistoryDisplay

        Raises
        ------
        InputError
            Where the estimator has no history of draws.
        """
        display = cls(DrawHistory.of(estimator))
        return display.plot(axes=axes, classes=classes, line_kw=line_kw)

    def plot(
        self,
        *,
        axes: Any = None,
        classes: ArrayLike | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> "DrawHistoryDisplay":
        """Draw.

        Parameters
        ----------
        axes : sequence of two Axes or None, default=None
            Where the shares and the F1 go. None: a new figure.
        classes : array-like of labels or None, default=None
            Which classes to draw. None: all, or of more than twelve those whose share
            moved the furthest.
        line_kw : mapping or None, default=None
            Handed to matplotlib for every class's line.

        Returns
        -------
        DrawHistoryDisplay
            Itself.

        Raises
        ------
        InputError
            Where a class is unknown, or there are not two axes.
        MissingExtraError
            Where matplotlib is not installed.
        """
        chosen = self._chosen(classes)
        self.axes_ = _two_axes(axes)
        self.figure_ = self.axes_[0].figure
        lines = [self._draw_class(code, line_kw or {}) for code in chosen]
        self.lines_ = np.array(lines, dtype=object).T
        top, bottom = self.axes_
        for ax in self.axes_:
            ax.axvline(self.history.best_epoch, linestyle=":", color="grey")
        top.set(ylabel="share of the draw", ylim=(0, None))
        bottom.set(ylabel="F1 on held-out rows", xlabel="epoch", ylim=(-0.02, 1.02))
        top.legend(title="class", loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return self

    def _chosen(self, classes: ArrayLike | None) -> list[int]:
        """Return the codes of the classes to draw."""
        known = self.history.classes.tolist()
        if classes is None:
            moved = np.ptp(self.history.drawn, axis=0)
            return sorted(np.argsort(-moved, kind="stable")[:MANY].tolist())
        wanted = np.atleast_1d(np.asarray(classes)).tolist()
        for label in wanted:
            if label not in known:
                raise InputError(f"there is no class {label!r}: known are {known[:10]}")
        return [known.index(label) for label in wanted]

    def _draw_class(
        self, code: int, line_kw: Mapping[str, Any]
    ) -> "tuple[Line2D, Line2D]":
        top, bottom = self.axes_
        history = self.history
        style = {"label": str(history.classes[code]), **line_kw}
        (share,) = top.plot(history.epochs, history.drawn[:, code], **style)
        style = {**style, "color": share.get_color()}
        (score,) = bottom.plot(history.epochs, history.f1[:, code], **style)
        top.axhline(
            history.prior[code], color=share.get_color(), linestyle="--", linewidth=0.8
        )
        return share, score


def _two_axes(axes: Any) -> "NDArray[Any]":
    if axes is None:
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingExtraError("matplotlib", "bench") from error

        _, made = pyplot.subplots(
            2, sharex=True, figsize=(7, 5.5), layout="constrained"
        )
        return np.asarray(made)
    given = np.asarray(axes, dtype=object).reshape(-1)
    if len(given) != 2:
        raise InputError(
            f"axes holds {len(given)}: give two, such as plt.subplots(2)[1]"
        )
    return given
