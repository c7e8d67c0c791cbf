"""A suite's pictures, drawn with matplotlib: on screen, into files, for the docs."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from trimtab.benchmark.suites.frontier import frontier_points
from trimtab.benchmark.suites.plot_plan import (
    DIFFERENCES,
    FRONTIER,
    PROFILE,
    RECALL,
    Plot,
)
from trimtab.benchmark.suites.plot_points import curve_points, plots_of
from trimtab.benchmark.suites.reference import compare_with_reference, difference_matrix
from trimtab.benchmark.suites.suite import Suite
from trimtab.exceptions import InputError
from trimtab.files import check_writable
from trimtab.metrics import MEASURES, find_measure
from trimtab.report.displays.suite_displays import (
    DifferenceHeatmapDisplay,
    SettingCurvesDisplay,
    Theme,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw", "save", "write_figures"]

_Y_LABELS = {PROFILE: "Share of the data sets", RECALL: "Precision"}
_INK = {"light": "#1f2328", "dark": "#e6e6e6"}
_SURFACE = {"light": "#ffffff", "dark": "#14181e"}


def draw(
    plot: Plot, results: pd.DataFrame, suite: Suite, theme: Theme = "light"
) -> "Figure | None":
    """Draw one of a suite's pictures.

    Parameters
    ----------
    plot : Plot
        One of `trimtab.benchmark.suites.plot_points.plots_of`.
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        The plan.
    theme : {"light", "dark"}, default="light"
        What it is read on.

    Returns
    -------
    matplotlib.figure.Figure or None
        None where the results have nothing that it shows.
    """
    with _look(theme):
        if plot.kind == DIFFERENCES:
            return _draw_differences(plot, results, suite)
        if plot.kind == FRONTIER:
            return _draw_frontier(plot, results, suite, theme)
        return _draw_curves(plot, results, suite, theme)


def _draw_differences(
    plot: Plot, results: pd.DataFrame, suite: Suite
) -> "Figure | None":
    taken = [
        entry.label
        for entry in suite.entries
        if plot.takes(entry.label) or entry.label == suite.reference
    ]
    shown = results[results["method"].isin(taken)]
    if plot.datasets:
        shown = shown[shown["dataset"].isin(plot.datasets)]
    if plot.metric not in shown:
        return None
    tests = compare_with_reference(shown, suite, plot.metric)
    differences = difference_matrix(tests, suite).dropna(how="all")
    if differences.empty:
        return None
    display = DifferenceHeatmapDisplay(
        differences=differences, reference=suite.reference or "", metric=plot.metric
    )
    n_rows, n_columns = display.as_drawn().shape
    figure, (ax,) = _figure(3.0 + 1.1 * n_columns, 1.2 + 0.36 * n_rows)
    display.plot(ax)
    if plot.title:
        ax.set_title(plot.title)
    return figure


def _draw_curves(
    plot: Plot, results: pd.DataFrame, suite: Suite, theme: Theme
) -> "Figure | None":
    points = curve_points(results, suite, plot)
    if points.empty:
        return None
    panels = points.groupby("dataset", sort=False)
    figure, axes = _figure(6.4, 4.0, len(panels))
    for ax, (dataset, shown) in zip(axes, panels, strict=True):
        SettingCurvesDisplay(
            points=shown,
            metric=plot.metric or suite.metric,
            x_label=plot.x_label or plot.x.replace("_", " "),
            log=plot.log,
            y_label=_Y_LABELS.get(plot.kind),
        ).plot(ax, theme=theme)
        several = str(dataset) if len(panels) > 1 else ""
        ax.set_title(", ".join(text for text in (plot.title, several) if text))
    return figure


def _draw_frontier(
    plot: Plot, results: pd.DataFrame, suite: Suite, theme: Theme
) -> "Figure | None":
    points = frontier_points(results, suite, plot)
    if points.empty:
        return None
    figure, (ax,) = _figure(6.4, 4.2)
    best = points[points["is_best"]].sort_values("cost")
    ax.plot(best["cost"], best["score"], color=_INK[theme], alpha=0.35, linewidth=1)
    for method, cost, score in zip(
        points["method"].astype(str),
        points["cost"].astype(float).tolist(),
        points["score"].astype(float).tolist(),
        strict=True,
    ):
        is_reference = method == suite.reference
        ax.scatter(
            [cost],
            [score],
            color="#d1603d" if is_reference else "#3b7dd8",
            marker="D" if is_reference else "o",
            zorder=3,
        )
        ax.annotate(
            method,
            (cost, score),
            xytext=(6, 4),
            textcoords="offset points",
            fontsize=8,
        )
    if plot.log:
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
    ax.margins(x=0.25, y=0.12)
    ax.grid(alpha=0.3)
    ax.set_xlabel(plot.x_label or plot.x.replace("_", " "))
    ax.set_ylabel((plot.metric or suite.metric).replace("_", " "))
    n_sets = int(points["datasets"].iloc[0])
    ax.set_title(f"{plot.title} ({n_sets} data sets)".strip())
    return figure


def write_figures(
    results: pd.DataFrame,
    suite: Suite,
    folder: Path,
    form: str = "png",
    metric: str | None = None,
    theme: Theme = "light",
) -> list[Path]:
    """Write a suite's pictures into a folder, one file each.

    Parameters
    ----------
    results : DataFrame
        One row an experiment, methods by their labels.
    suite : Suite
        The plan.
    folder : Path
        Made where it is not there.
    form : {"png", "svg", "pdf"}, default="png"
        The kind of file.
    metric : str, default=None
        A measure instead of the pictures' own.
    theme : {"light", "dark"}, default="light"
        What they are read on.

    Returns
    -------
    list of Path
        The files, named after their pictures. A picture of which the results have
        nothing is left out.

    Raises
    ------
    InputError
        Where there is nothing to draw at all, or no file can be written there.
    """
    if metric is not None and find_measure(metric) is None:
        raise InputError(f"no metric {metric!r}: known are {', '.join(MEASURES)}")
    check_writable(folder)
    paths = []
    for plot in plots_of(suite):
        shown = plot if metric is None else replace(plot, metric=metric)
        figure = draw(shown, results, suite, theme)
        if figure is not None:
            paths.append(save(figure, folder / f"{plot.name}.{form}"))
    if not paths:
        raise InputError(
            f"the suite {suite.name} has no picture of these results: it names no "
            "reference and no [[plot]], or what they show was not run"
        )
    return paths


def save(figure: "Figure", path: Path) -> Path:
    """Write a figure to a file; the same figure makes the same SVG."""
    import matplotlib

    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Date": None} if path.suffix == ".svg" else None
    with matplotlib.rc_context({"svg.hashsalt": "trimtab"}):
        figure.savefig(path, dpi=150, bbox_inches="tight", metadata=metadata)
    return path


@contextmanager
def _look(theme: Theme) -> Iterator[None]:
    """Set the colours of everything that is drawn inside."""
    import matplotlib

    ink, surface = _INK[theme], _SURFACE[theme]
    inked = ["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color"]
    inked += ["ytick.color", "axes.titlecolor", "grid.color"]
    filled = ["figure.facecolor", "axes.facecolor"]
    settings: dict[Any, Any] = dict.fromkeys(inked, ink) | dict.fromkeys(
        filled, surface
    )
    settings |= {"font.size": 10, "axes.titlesize": 11}
    with matplotlib.rc_context(settings):
        yield


def _figure(width: float, height: float, n: int = 1) -> tuple["Figure", list["Axes"]]:
    """Return a figure that no window shows, with axes of a size below each other.

    More than three stand in two columns. In a row they would be too small to be read
    on a page of text.
    """
    from matplotlib.figure import Figure

    n_columns = 1 if n <= 3 else 2
    n_rows = -(-n // n_columns)
    figure = Figure(figsize=(width * n_columns, height * n_rows), layout="constrained")
    axes = list(figure.subplots(n_rows, n_columns, squeeze=False).flat)
    for empty in axes[n:]:
        empty.remove()
    return figure, axes[:n]
