"""What an ensemble drew while it grew, as a picture in code, with matplotlib."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.ensembles.ensemble_history import EnsembleHistory
from trimtab.exceptions import InputError
from trimtab.report.displays.panels import panels

__all__ = ["EnsembleHistoryDisplay"]

MANY = 4
"""Of more classes those are drawn whose errors are the largest in the end, and the
smallest class."""

FAINTEST = 1e-3
"""Up to this share of a class's rows the map is as good as empty."""

STEADY = 0.05
"""A ratio that changes by no more than this has no panel."""


class EnsembleHistoryDisplay:
    """Errors after each member, what was drawn for the next, and the held-out score.

    Make one by `from_estimator`. Each class has a map: the stronger the colour, the
    more of its rows have such an error under the ensemble so far. The line on it is μ,
    the error around which the next member's rows are drawn; the smallest class has
    none, as all of its rows are. Below are the score on held-out rows, and the ratio
    of the draw where it changes.

    Read more in the :doc:`user guide </user_guide/mesa>`.

    Parameters
    ----------
    history : EnsembleHistory
        The numbers.

    Attributes
    ----------
    figure_ : Figure
        What was drawn on.
    axes_ : ndarray of Axes of shape (n_panels,)
        A map for each class drawn, then the score and the ratio, if they are there.
    images_ : list of QuadMesh
        The map of each class.
    mu_lines_ : list of Line2D
        μ on the maps of the classes whose rows are chosen; empty where the policy
        draws otherwise.
    score_line_, ratio_line_ : Line2D or None
        None without held-out rows, or where the ratio does not change.

    See Also
    --------
    trimtab.mesa.MESAClassifier : Whose ``history_`` this is.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from trimtab import EnsembleHistoryDisplay, MESAClassifier
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> mesa = MESAClassifier(DecisionTreeClassifier(), random_state=0).fit(X, y)
    >>> display = EnsembleHistoryDisplay.from_estimator(mesa)
    >>> [ax.get_ylabel() for ax in display.axes_[:2]]
    ['error of 0', 'error of 1']
    """

    def __init__(self, history: EnsembleHistory) -> None:
        self.history = history

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        axes: Any = None,
        classes: ArrayLike | None = None,
        rows: str | None = None,
        image_kw: Mapping[str, Any] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> "EnsembleHistoryDisplay":
        """Draw the history of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A `MESAClassifier` or an under-sampling ensemble, or a pipeline or a search
            around one, fitted.
        axes, classes, rows, image_kw, line_kw
            See `plot`.

        Returns
        -------
        EnsembleHistoryDisplay

        Raises
        ------
        InputError
            Where the estimator has no such history.
        """
        display = cls(EnsembleHistory.of(estimator))
        return display.plot(
            axes=axes, classes=classes, rows=rows, image_kw=image_kw, line_kw=line_kw
        )

    def plot(
        self,
        *,
        axes: Any = None,
        classes: ArrayLike | None = None,
        rows: str | None = None,
        image_kw: Mapping[str, Any] | None = None,
        line_kw: Mapping[str, Any] | None = None,
    ) -> "EnsembleHistoryDisplay":
        """Draw.

        Parameters
        ----------
        axes : Axes, sequence of Axes or None, default=None
            One for each class, one for the score if rows were held out, one for the
            ratio if it changes. None: a new figure.
        classes : array-like of labels or None, default=None
            Which classes have a map. None: all, or of more than four the smallest and
            those with the largest errors after the last member.
        rows : {"held_out", "train"} or None, default=None
            Whose errors. None: of held-out rows, where there are any.
        image_kw, line_kw : mapping or None, default=None
            Handed to matplotlib for every map, and for every line.

        Returns
        -------
        EnsembleHistoryDisplay
            Itself.

        Raises
        ------
        InputError
            Where a class is unknown, no rows were held out although they are asked
            for, or there are not as many axes as panels.
        MissingExtraError
            Where matplotlib is not installed.
        """
        shares = self._shares(rows)
        chosen = self._chosen(classes, shares)
        history, line_kw = self.history, {**(line_kw or {})}
        has_score = not np.isnan(history.score).all()
        extra = [1.5] * (has_score + self._ratio_varies)
        self.axes_ = panels(axes, [1.8] * len(chosen) + extra)
        self.figure_ = self.axes_[0].figure
        self.images_ = [
            self._draw_errors(ax, code, shares[:, code], image_kw or {})
            for code, ax in zip(chosen, self.axes_, strict=False)
        ]
        self.mu_lines_ = self._draw_mu(chosen, line_kw)
        self.score_line_ = self.ratio_line_ = None
        if has_score:
            ax, name = self.axes_[len(chosen)], history.metric.replace("_", " ")
            (self.score_line_,) = ax.plot(history.members, history.score, **line_kw)
            ax.set(ylabel=f"held-out\n{name}")
        if self._ratio_varies:
            ax, so_far = self.axes_[-1], history.members[1:] - 1
            (self.ratio_line_,) = ax.plot(so_far, history.ratio[1:], **line_kw)
            ax.set(ylabel="ratio of the\nnext draw")
        self.axes_[-1].set(xlabel="members so far")
        self.axes_[-1].xaxis.get_major_locator().set_params(integer=True)
        self.figure_.colorbar(
            self.images_[0],
            ax=list(self.axes_[: len(chosen)]),
            label="share of the class's rows",
        )
        return self

    @property
    def _ratio_varies(self) -> bool:
        ratio = self.history.ratio[~np.isnan(self.history.ratio)]
        return len(ratio) > 0 and bool(np.ptp(ratio) > STEADY)

    def _shares(self, rows: str | None) -> NDArray[np.float64]:
        """Return the histograms to draw."""
        if rows not in (None, "held_out", "train"):
            raise InputError(f"rows is {rows!r}: give 'held_out' or 'train'")
        held_out = self.history.held_out
        if rows == "train" or (rows is None and held_out is None):
            return self.history.train
        if held_out is None:
            raise InputError(
                "no rows were held out: give rows='train', or fit with "
                "validation_fraction or an eval_set"
            )
        return held_out

    def _chosen(
        self, classes: ArrayLike | None, shares: NDArray[np.float64]
    ) -> list[int]:
        """Return the codes of the classes to draw."""
        known = self.history.classes.tolist()
        if classes is None:
            errors = shares[-1] @ (self.history.bins[:-1] + self.history.bins[1:]) / 2
            errors[self.history.smallest] = np.inf
            return sorted(np.argsort(-errors, kind="stable")[:MANY].tolist())
        wanted = np.atleast_1d(np.asarray(classes)).tolist()
        for label in wanted:
            if label not in known:
                raise InputError(f"there is no class {label!r}: known are {known[:10]}")
        return [known.index(label) for label in wanted]

    def _draw_errors(
        self,
        ax: Any,
        code: int,
        shares: NDArray[np.float64],
        image_kw: Mapping[str, Any],
    ) -> Any:
        from matplotlib.colors import LogNorm

        history = self.history
        edges = np.append(history.members, history.members[-1] + 1) - 0.5
        style = {"cmap": "Blues", "norm": LogNorm(FAINTEST, 1, clip=True), **image_kw}
        image = ax.pcolormesh(edges, history.bins, shares.T, **style)
        ax.set(ylabel=f"error of {history.classes[code]}", ylim=(-0.03, 1.03))
        return image

    def _draw_mu(self, chosen: list[int], line_kw: dict[str, Any]) -> list[Any]:
        """Draw μ above the state that it was decided in; return the lines."""
        history = self.history
        if np.isnan(history.mu).all():
            return []
        style = {"color": "black", "marker": "o", "markersize": 4, "label": "μ"}
        lines = [
            ax.plot(history.members[1:] - 1, history.mu[1:], **style | line_kw)[0]
            for code, ax in zip(chosen, self.axes_, strict=False)
            if code != history.smallest
        ]
        if lines:
            above = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0)}
            lines[0].axes.legend(frameon=False, borderaxespad=0.0, **above)
        return lines
