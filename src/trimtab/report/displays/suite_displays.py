"""A suite's two kinds of picture, as scikit-learn's displays are.

The colours are told apart by people who see few of them, and lines differ in their
markers too.
"""

# SPDX-License-Identifier: BSD-3-Clause

from itertools import cycle
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from trimtab.benchmark.suites.reference import compare_with_reference, difference_matrix
from trimtab.benchmark.suites.suite import Suite
from trimtab.metrics import find_measure
from trimtab.report.words.wording import inside_sentence, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["DifferenceHeatmapDisplay", "SettingCurvesDisplay", "Theme"]

Theme = Literal["light", "dark"]

_LINES = {
    "light": ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#5e4fa2", "#8c6d00"],
    "dark": ["#56b4e9", "#e69f00", "#3bc99a", "#e39ac4", "#f0e442", "#b8a6ff"],
}
_MARKERS = ["o", "s", "^", "D", "v", "P"]
_DASHES = ["-", "--", ":"]
_MOST_ACROSS = 12
"""Data sets that are written across; where there are more, they run down."""


class DifferenceHeatmapDisplay:
    """How far a suite's reference is ahead: methods by data sets.

    Parameters
    ----------
    differences : DataFrame
        Mean differences, one row a method, one column a data set; positive is to the
        advantage of the reference. NaN where there is none.
    reference : str
        Its label.
    metric : str
        What the differences are of.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn last.
    figure_ : matplotlib.figure.Figure
        The figure around it.

    Examples
    --------
    >>> from trimtab.report.displays.suite_displays import DifferenceHeatmapDisplay
    >>> differences = pd.DataFrame({"pima": [0.026, -0.01]}, index=["plain", "rival"])
    >>> display = DifferenceHeatmapDisplay(
    ...     differences=differences, reference="ours", metric="macro_f1"
    ... )
    >>> display.plot().ax_.get_title()
    'Macro F1: ours minus each method'
    """

    def __init__(
        self, *, differences: pd.DataFrame, reference: str, metric: str
    ) -> None:
        self.differences = differences
        self.reference = reference
        self.metric = metric

    @classmethod
    def from_results(
        cls,
        results: pd.DataFrame,
        suite: Suite,
        *,
        metric: str | None = None,
        ax: "Axes | None" = None,
    ) -> "DifferenceHeatmapDisplay":
        """Draw the differences of a suite's results.

        Parameters
        ----------
        results : DataFrame
            One row an experiment, methods by their labels.
        suite : Suite
            Names the reference.
        metric : str, default=None
            A measure; by default the suite's.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; by default on a new figure.
        """
        metric = metric or suite.metric
        tests = compare_with_reference(results, suite, metric)
        display = cls(
            differences=difference_matrix(tests, suite),
            reference=suite.reference or "",
            metric=metric,
        )
        return display.plot(ax=ax)

    def as_drawn(self) -> pd.DataFrame:
        """Return the differences as they are drawn, many data sets down the page."""
        named = self.differences.set_axis(_short(self.differences.columns), axis=1)
        return named.T if named.shape[1] > _MOST_ACROSS else named

    def plot(
        self, ax: "Axes | None" = None, *, limit: float | None = None
    ) -> "DifferenceHeatmapDisplay":
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; by default on a new figure.
        limit : float, default=None
            The difference at which the colours end, on both sides. By default four
            cells of five lie inside, so that one poor method leaves the others their
            colours.
        """
        self.ax_ = ax = _axes(ax)
        self.figure_ = ax.get_figure(root=True)
        shown = self.as_drawn()
        values = shown.to_numpy(dtype=float)
        sizes = np.abs(values[~np.isnan(values)])
        limit = limit or float(np.quantile(sizes, 0.8) if len(sizes) else 0) or 0.01
        image = ax.imshow(values, cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto")
        self._write_cells(ax, values, image)
        ax.set_xticks(range(values.shape[1]), list(shown.columns))
        if max(map(len, shown.columns), default=0) > 11:  # than suite_figures' cells
            runs_down = self.differences.shape[1] > _MOST_ACROSS
            ax.tick_params(axis="x", rotation=90 if runs_down else 20)
        ax.set_yticks(range(values.shape[0]), list(shown.index))
        ax.tick_params(length=0)
        ax.set_title(f"{_title(self.metric)}: {self.reference} minus each method")
        for side in ax.spines.values():
            side.set_visible(False)
        bar = ax.figure.colorbar(image, ax=ax, extend="both", fraction=0.05, pad=0.03)
        bar.set_label(f"blue: {self.reference} is ahead")
        return self

    def _write_cells(self, ax: "Axes", values: Any, image: Any) -> None:
        """Write each number into its cell, in the ink that can be read there."""
        for (row, column), value in np.ndenumerate(values):
            if np.isnan(value):
                ax.text(column, row, "–", ha="center", va="center")
                continue
            red, green, blue, _ = image.to_rgba(value)
            is_bright = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
            ink = "#111111" if is_bright else "#ffffff"
            ax.text(column, row, signed(value), ha="center", va="center", color=ink)


class SettingCurvesDisplay:
    """A score over a number that a suite varies, one line for each of its settings.

    Parameters
    ----------
    points : DataFrame
        ``line``, ``x``, ``mean``, ``sd`` and ``se``, as from
        `trimtab.benchmark.suites.plot_points.curve_points`, of one data set.
    metric : str
        What the scores are of.
    x_label : str
        What `x` is.
    log : bool, default=False
        Whether the axis is logarithmic.
    y_label : str, default=None
        What the curves are of, where not of the mean score.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        Where it was drawn last.
    figure_ : matplotlib.figure.Figure
        The figure around it.
    """

    def __init__(
        self,
        *,
        points: pd.DataFrame,
        metric: str,
        x_label: str,
        log: bool = False,
        y_label: str | None = None,
    ) -> None:
        self.points = points
        self.metric = metric
        self.x_label = x_label
        self.log = log
        self.y_label = y_label

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        band: Literal["se", "sd"] = "se",
        theme: Theme = "light",
    ) -> "SettingCurvesDisplay":
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; by default on a new figure.
        band : {"se", "sd"}, default="se"
            How far the bands reach from the mean: its standard error, or the standard
            deviation of the runs.
        theme : {"light", "dark"}, default="light"
            What the colours are read on.
        """
        self.ax_ = ax = _axes(ax)
        self.figure_ = ax.get_figure(root=True)
        looks = cycle(
            (colour, marker, dash)
            for dash in _DASHES
            for colour, marker in zip(_LINES[theme], _MARKERS, strict=True)
        )
        lines = self.points.groupby("line", sort=False)
        for (name, line), (colour, marker, dash) in zip(lines, looks, strict=False):
            x, mean, reach = line["x"], line["mean"], line[band].fillna(0)
            ax.fill_between(
                x, mean - reach, mean + reach, color=colour, alpha=0.12, linewidth=0
            )
            ax.plot(
                x,
                mean,
                color=colour,
                linestyle=dash,
                marker=marker,
                markersize=5,
                markevery=max(len(line) // _MOST_TICKS, 1),
                label=name,
            )
        if self.log:
            ticks = sorted(set(self.points["x"]))
            few = len(ticks) <= _MOST_TICKS
            ax.set_xscale("log", base=2 if few else 10)
            if few:
                ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
                ax.minorticks_off()
        ax.set_xlabel(self.x_label)
        mean_of = f"{_title(self.metric)}, mean ± {_BANDS[band]}"
        ax.set_ylabel(mean_of if self.y_label is None else self.y_label)
        ax.legend(frameon=False, handlelength=3)
        ax.grid(alpha=0.15)
        ax.set_axisbelow(True)
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
        return self


_MOST_TICKS = 12
_BANDS = {"se": "standard error", "sd": "standard deviation"}


def _axes(ax: "Axes | None") -> "Axes":
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _short(datasets: Any) -> list[str]:
    """Return data sets without their group, where that tells them apart."""
    names = [str(name) for name in datasets]
    short = [name.rpartition("/")[2] for name in names]
    return short if len(set(short)) == len(names) else names


def _title(metric: str) -> str:
    title = (
        inside_sentence(metric) if find_measure(metric) else metric.replace("_", " ")
    )
    return title[0].upper() + title[1:]
