"""A suite's pictures."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.suites.plot_plan import Plot
from trimtab.benchmark.suites.plot_points import plots_of
from trimtab.benchmark.suites.suite import Entry, Suite
from trimtab.exceptions import InputError

pytest.importorskip("matplotlib")

from trimtab.report.displays.suite_displays import (
    DifferenceHeatmapDisplay,
    SettingCurvesDisplay,
)
from trimtab.report.displays.suite_figures import draw, write_figures

CURVES = Plot(
    "widths",
    "curve",
    title="By width",
    x="width",
    x_label="width of the first layer",
    log=True,
    line_names=(("forest", "ART"), ("logit", "Baseline")),
)

SUITE = Suite(
    name="toy",
    title="A toy",
    description="For tests.",
    datasets=("g/one", "g/two"),
    entries=(
        Entry("base 16", "logit", '{"width": 16}'),
        Entry("base 64", "logit", '{"width": 64}'),
        Entry("ours 16", "forest", '{"width": 16}'),
        Entry("ours 64", "forest", '{"width": 64}'),
    ),
    protocol=Protocol(1, test_size=0.15),
    metric="macro_f1",
    reference="ours 64",
    plots=(CURVES,),
)


@pytest.fixture
def results() -> pd.DataFrame:
    """Give three seeds: each entry is 0.02 above the one before it."""
    rows = [
        {
            "dataset": dataset,
            "method": entry.label,
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "status": "done",
            "macro_f1": 0.7 + 0.02 * place + 0.01 * seed,
            "accuracy": 0.9,
        }
        for dataset in SUITE.datasets
        for place, entry in enumerate(SUITE.entries)
        for seed in range(3)
    ]
    return pd.DataFrame(rows)


def test_heat_map_says_its_numbers(results: pd.DataFrame) -> None:
    """A cell for each method and data set, blue where the reference is ahead."""
    figure = draw(plots_of(SUITE)[0], results, SUITE)

    assert figure is not None
    ax = figure.axes[0]
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["+0.060", "+0.060", "+0.040", "+0.040", "+0.020", "+0.020"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["one", "two"]
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "base 16", "base 64", "ours 16"
    ]  # fmt: skip
    red, _, blue, _ = ax.images[0].to_rgba(np.array([[0.06]]))[0, 0]
    assert blue > red


def test_cell_without_a_result_is_a_dash(results: pd.DataFrame) -> None:
    """Nothing is made up for what was not run."""
    gone = (results["dataset"] == "g/two") & (results["method"] == "base 16")
    figure = draw(plots_of(SUITE)[0], results[~gone], SUITE)

    assert figure is not None
    assert [text.get_text() for text in figure.axes[0].texts][:2] == ["+0.060", "–"]


def test_long_names_of_data_sets_are_slanted(results: pd.DataFrame) -> None:
    """Level they would run into each other; short ones stay level."""
    long_names = {"g/one": "g/balance_scale", "g/two": "g/contraceptive"}
    renamed = results.assign(dataset=results["dataset"].map(long_names))
    long_suite = replace(SUITE, datasets=tuple(long_names.values()))

    short = draw(plots_of(SUITE)[0], results, SUITE)
    long = draw(plots_of(long_suite)[0], renamed, long_suite)

    assert short is not None
    assert long is not None
    for figure, slanted in ((short, False), (long, True)):
        labels = figure.axes[0].get_xticklabels()
        assert all(bool(label.get_rotation()) is slanted for label in labels)


def test_many_data_sets_run_down_the_page() -> None:
    """Thirteen beside each other would be wider than any page."""
    names = [f"g/table{place}" for place in range(13)]
    differences = pd.DataFrame([np.linspace(-0.1, 0.1, 13)], ["rival"], names)
    ax = (
        DifferenceHeatmapDisplay(
            differences=differences, reference="ours", metric="accuracy"
        )
        .plot()
        .ax_
    )

    assert [label.get_text() for label in ax.get_xticklabels()] == ["rival"]
    assert len(ax.get_yticklabels()) == 13
    assert ax.texts[0].get_position() == (0, 0)
    assert ax.texts[0].get_text() == "\N{MINUS SIGN}0.100"
    assert ax.texts[12].get_position() == (0, 12)


def test_curves_show_the_means(results: pd.DataFrame) -> None:
    """A panel for each data set, a line for each method, ticks at the values."""
    figure = draw(CURVES, results, SUITE)

    assert figure is not None
    assert len(figure.axes) == 2
    ax = figure.axes[0]
    assert ax.get_title() == "By width, g/one"
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) == {"Baseline", "ART"}
    np.testing.assert_allclose(lines["Baseline"].get_xdata(), [16, 64])
    np.testing.assert_allclose(lines["Baseline"].get_ydata(), [0.71, 0.73])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["16", "64"]
    assert lines["ART"].get_marker() != lines["Baseline"].get_marker()
    band = ax.collections[0].get_paths()[0].get_extents()
    assert band.ymin == pytest.approx(0.71 - 0.01 / np.sqrt(3))


@pytest.mark.parametrize(("n", "shape"), [(2, (2, 1)), (3, (3, 1)), (5, (3, 2))])
def test_panels_are_as_large_as_one(
    results: pd.DataFrame, n: int, shape: tuple[int, int]
) -> None:
    """Up to three stand below each other, more in two columns, none of them empty."""
    one = results[results["dataset"] == "g/one"]
    names = tuple(f"g/{letter}" for letter in "abcde"[:n])
    several = pd.concat([one.assign(dataset=name) for name in names])
    figure = draw(CURVES, several, replace(SUITE, datasets=names))

    assert figure is not None
    assert len(figure.axes) == n
    assert figure.get_size_inches().tolist() == [6.4 * shape[1], 4.0 * shape[0]]
    grid = figure.axes[0].get_gridspec()
    assert grid is not None
    assert (grid.nrows, grid.ncols) == shape


def test_files_are_named_after_the_pictures(
    results: pd.DataFrame, tmp_path: Path
) -> None:
    """In a folder that is made; the same results make the same SVG."""
    paths = write_figures(results, SUITE, tmp_path / "new", "svg")
    again = write_figures(results, SUITE, tmp_path / "again", "svg")

    assert [path.name for path in paths] == ["differences.svg", "widths.svg"]
    for path, other in zip(paths, again, strict=True):
        assert path.read_bytes() == other.read_bytes()
    dark = write_figures(results, SUITE, tmp_path / "dark", "png", theme="dark")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in dark)


def test_other_measures(results: pd.DataFrame, tmp_path: Path) -> None:
    """Any that the results have; a misspelt one is named."""
    assert len(write_figures(results, SUITE, tmp_path, "svg", "accuracy")) == 2
    with pytest.raises(InputError, match="no metric 'f1'"):
        write_figures(results, SUITE, tmp_path, "svg", "f1")


def test_nothing_to_draw(results: pd.DataFrame, tmp_path: Path) -> None:
    """Results without what a picture shows leave it out; without any it is said."""
    few = results[results["method"] == "ours 64"]
    plain = replace(SUITE, reference=None, plots=())

    assert draw(plots_of(SUITE)[0], few, SUITE) is None
    assert draw(CURVES, results.iloc[:0], SUITE) is None
    assert draw(replace(CURVES, metric="mcc"), results, SUITE) is None
    with pytest.raises(InputError, match="the suite toy has no picture of these"):
        write_figures(results, plain, tmp_path)


def test_displays_draw_where_they_are_told(results: pd.DataFrame) -> None:
    """As scikit-learn's: on given axes, and they keep what they drew on."""
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    display = DifferenceHeatmapDisplay.from_results(results, SUITE, ax=ax)

    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.differences.shape == (3, 2)
    points = pd.DataFrame(
        {"line": "a", "x": [1.0, 2.0], "mean": [0.5, 0.6], "sd": 0.1, "se": 0.05}
    )
    curves = SettingCurvesDisplay(points=points, metric="macro_f1", x_label="c")
    band = curves.plot(Figure().subplots(), band="sd").ax_.collections[0]
    assert band.get_paths()[0].get_extents().ymin == pytest.approx(0.4)


def test_no_two_of_many_lines_look_alike() -> None:
    """Where colours and markers come round again, the line is another."""
    from matplotlib.figure import Figure

    names = [f"method {number}" for number in range(18)]
    points = pd.DataFrame({"line": names, "x": 1.0, "mean": 0.5, "sd": 0, "se": 0})
    curves = SettingCurvesDisplay(points=points, metric="macro_f1", x_label="c")
    lines = curves.plot(Figure().subplots()).ax_.lines
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == len(lines) == 18
