"""How meta-training went, as a picture in code, with matplotlib."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.exceptions import InputError
from trimtab.report.displays.panels import panels

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

__all__ = ["MetaTrainingDisplay"]

Floats = NDArray[np.float64]


class MetaTrainingDisplay:
    """The score of each episode's ensemble on held-out rows, and what was decided.

    Make one by `from_estimator`. Lines are means over the last episodes of a table
    (the paper's Figures 6 and 9 take 50); up to the dotted line actions are random.
    Dots with a dark rim are evaluations, on splits that the policy does not learn
    from.

    Read more in the :doc:`user guide </user_guide/meta_training>`.

    Parameters
    ----------
    episodes : mapping of str to list
        ``episodes_`` of a `MetaSampler`.
    evaluations : sequence of mapping, default=()
        Its ``evaluations_``.
    random_steps : int, default=0
        How many steps had random actions.
    metric : str, default="score"
        What was measured.

    Attributes
    ----------
    figure_ : Figure
        What was drawn on.
    axes_ : ndarray of Axes of shape (2,) or (3,)
        The score, the mean μ of an episode, and its mean ratio where that changes.
    lines_ : ndarray of Line2D of shape (n_panels, n_tasks)
        Each table's line in each panel.

    See Also
    --------
    trimtab.meta_sampler.sampler.MetaSampler : Whose training this shows.

    Examples
    --------
    >>> from trimtab import MetaTrainingDisplay
    >>> episodes = {
    ...     "step": [9, 18, 27], "task": ["a", "a", "a"], "score": [0.5, 0.6, 0.7],
    ...     "mu": [0.4, 0.8, 0.9], "ratio": [1.0, 1.0, 1.0],
    ... }
    >>> display = MetaTrainingDisplay(episodes).plot(window=2)
    >>> display.lines_[0, 0].get_ydata().round(2).tolist()
    [0.5, 0.55, 0.65]
    """

    def __init__(
        self,
        episodes: Mapping[str, Any],
        evaluations: Any = (),
        *,
        random_steps: int = 0,
        metric: str = "score",
    ) -> None:
        self.episodes = episodes
        self.evaluations = evaluations
        self.random_steps = random_steps
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        axes: Any = None,
        tasks: ArrayLike | None = None,
        window: int = 50,
        line_kw: Mapping[str, Any] | None = None,
    ) -> "MetaTrainingDisplay":
        """Draw how a meta-sampler was trained.

        Parameters
        ----------
        estimator : MetaSampler, LearnedPolicy or MESAClassifier
            A meta-sampler that was fitted or loaded, its policy, or an ensemble that
            was fitted with one.
        axes, tasks, window, line_kw
            See `plot`.

        Returns
        -------
        MetaTrainingDisplay

        Raises
        ------
        InputError
            Where nothing was learned.
        """
        about = getattr(getattr(estimator, "policy_", estimator), "about", None)
        if not about or not about.get("episodes"):
            raise InputError(
                f"{type(estimator).__name__} has no meta-training to show: give a "
                "fitted MetaSampler, or a MESAClassifier that was fitted with one"
            )
        policy = getattr(estimator, "policy_", estimator)
        display = cls(
            about["episodes"],
            about.get("evaluations", ()),
            random_steps=about.get("training", {}).get("random_steps", 0),
            metric=policy.metric.replace("_", " "),
        )
        return display.plot(axes=axes, tasks=tasks, window=window, line_kw=line_kw)

    def plot(
        self,
        *,
        axes: Any = None,
        tasks: ArrayLike | None = None,
        window: int = 50,
        line_kw: Mapping[str, Any] | None = None,
    ) -> "MetaTrainingDisplay":
        """Draw.

        Parameters
        ----------
        axes : sequence of Axes or None, default=None
            Where the score, the μ and, if it changes, the ratio go. None: a new figure.
        tasks : array-like of str or None, default=None
            Which tables to draw. None: all.
        window : int, default=50
            Episodes of a table that a point is the mean of; at first, those there are.
        line_kw : mapping or None, default=None
            Handed to matplotlib for every line.

        Returns
        -------
        MetaTrainingDisplay
            Itself.

        Raises
        ------
        InputError
            Where a table is unknown, the window is no whole number of 1 or more, or
            there are not as many axes as panels.
        MissingExtraError
            Where matplotlib is not installed.
        """
        if window < 1 or window != int(window):
            raise InputError(f"window is {window}: give a whole number of 1 or more")
        names = self._chosen(tasks)
        series = {"score": f"held-out {self.metric}", "mu": "mean μ"}
        if np.ptp(self.episodes["ratio"]) > 0:
            series["ratio"] = "mean ratio"
        self.axes_ = panels(axes, [2.6] + [1.6] * (len(series) - 1))
        self.figure_ = self.axes_[0].figure
        style = line_kw or {}
        lines = [
            [self._draw(ax, name, key, int(window), style) for name in names]
            for ax, key in zip(self.axes_, series, strict=True)
        ]
        self.lines_ = np.array(lines, dtype=object)
        self._draw_evaluations(names)
        for ax, label in zip(self.axes_, series.values(), strict=True):
            ax.set(ylabel=label)
            if self.random_steps:
                ax.axvline(self.random_steps, linestyle=":", color="grey")
        self.axes_[1].set(ylim=(-0.03, 1.03))
        self.axes_[-1].set(xlabel="step")
        self.axes_[0].legend(title="table", loc="upper left", bbox_to_anchor=(1.0, 1.0))
        return self

    def _chosen(self, tasks: ArrayLike | None) -> list[str]:
        known = list(dict.fromkeys(self.episodes["task"]))
        if tasks is None:
            return known
        wanted: list[str] = np.atleast_1d(np.asarray(tasks)).tolist()
        for name in wanted:
            if name not in known:
                raise InputError(f"there is no table {name!r}: known are {known[:10]}")
        return wanted

    def _draw(
        self, ax: Any, name: str, key: str, window: int, line_kw: Mapping[str, Any]
    ) -> "Line2D":
        """Draw the mean over a table's last episodes, and each of them faintly."""
        is_here = np.array(self.episodes["task"]) == name
        steps = np.array(self.episodes["step"])[is_here]
        values = np.array(self.episodes[key], dtype=float)[is_here]
        style = {"label": name, **line_kw}
        line: Line2D = ax.plot(steps, _means(values, window), **style)[0]
        ax.plot(steps, values, color=line.get_color(), alpha=0.25, linewidth=0.7)
        return line

    def _draw_evaluations(self, names: list[str]) -> None:
        steps = [evaluation["step"] for evaluation in self.evaluations]
        for name, line in zip(names, self.lines_[0], strict=True):
            scores = [e["scores"].get(name, np.nan) for e in self.evaluations]
            if steps and not np.isnan(scores).all():
                style = {"color": line.get_color(), "markeredgecolor": "black"}
                self.axes_[0].plot(steps, scores, "o", **style)


def _means(values: Floats, window: int) -> Floats:
    """Return the mean of each value and those before it, `window` in all."""
    sums = np.cumsum(np.concatenate([[0.0], values]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    means: Floats = (sums[ends] - sums[starts]) / (ends - starts)
    return means
