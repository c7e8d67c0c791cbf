"""Directives for the results of suites: their tables and pictures, from the exports.

``.. suite-results:: controls`` reads ``docs/results/controls.csv.gz``, as ``trimtab
bench show controls --from`` does, and shows the methods over all data sets. With
``:by-dataset:`` it shows each data set, with ``:by-method:`` too, a row a method; with
``:paper:`` the paper's numbers beside ours, with ``:reference:`` the tests of the
suite's reference against its methods, with ``:ranks:`` mean ranks over data sets and
Friedman's test. ``:without: art*, mesa`` leaves methods out.

``.. suite-plot:: art-table1 differences`` draws one of the suite's pictures, once for
the light theme and once for the dark one.

Where a suite has no export yet, a note says so.
"""

# SPDX-License-Identifier: BSD-3-Clause

from fnmatch import fnmatch
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from trimtab.benchmark.dataset_statistics import mean_ranks
from trimtab.benchmark.suites.export_files import read_export
from trimtab.benchmark.suites.plot_points import plots_of
from trimtab.benchmark.suites.suite import Suite, load_suite
from trimtab.benchmark.suites.summary import overview, summarise
from trimtab.exceptions import InputError
from trimtab.report.displays.suite_figures import draw, save
from trimtab.report.words.dataset_tables import friedman_sentence
from trimtab.report.words.suite_tables import paper_tables, reference_tables
from trimtab.report.words.text_table import TextTable


class _OfSuite(SphinxDirective):
    """What both directives share: the suite's export, and what is wrong with it."""

    def run(self) -> list[nodes.Node]:
        """Make the nodes; a note where there is no result yet."""
        try:
            suite = load_suite(self.arguments[0])
            path = Path(self.env.srcdir) / "results" / f"{suite.name}.csv.gz"
            self.env.note_dependency(str(path))
            if not path.is_file():
                text = f"The suite {suite.name} has not been run to its end yet."
                return [nodes.note("", nodes.paragraph(text=text))]
            return self.show(suite, read_export(path))
        except InputError as error:
            raise self.error(str(error)) from None

    def show(self, suite: Suite, results: pd.DataFrame) -> list[nodes.Node]:
        """Make the nodes from the results."""
        raise NotImplementedError


class SuiteResults(_OfSuite):
    """Show a table of a suite: the overview, unless an option says otherwise."""

    required_arguments = 1
    option_spec: ClassVar = {
        "metric": directives.unchanged,
        "by-dataset": directives.flag,
        "by-method": directives.flag,
        "paper": directives.flag,
        "reference": directives.flag,
        "ranks": directives.flag,
        "without": directives.unchanged,
    }

    def show(self, suite: Suite, results: pd.DataFrame) -> list[nodes.Node]:
        """Make the tables."""
        metric = self.options.get("metric", suite.metric)
        if "without" in self.options:
            results = _without(results, self.options["without"])
        if "reference" in self.options:
            return _text_tables(reference_tables(results, suite, metric))
        summary = summarise(results, suite, metric)
        if "ranks" in self.options:
            return _ranks(summary)
        if "paper" in self.options:
            return _text_tables(paper_tables(summary, suite, metric))
        if "by-dataset" in self.options:
            return [_table(_by_dataset(summary))]
        if "by-method" in self.options:
            return [_table(_by_method(summary))]
        return [_table(overview(summary))]


def _without(results: pd.DataFrame, patterns: str) -> pd.DataFrame:
    """Return the results of other methods than those of some patterns."""
    left_out = {
        method
        for method in results["method"].unique()
        if any(fnmatch(method, pattern.strip()) for pattern in patterns.split(","))
    }
    return results[~results["method"].isin(left_out)]


class SuitePlot(_OfSuite):
    """Show one of a suite's pictures."""

    required_arguments = 2
    option_spec: ClassVar = {"alt": directives.unchanged}

    def show(self, suite: Suite, results: pd.DataFrame) -> list[nodes.Node]:
        """Draw the picture for each theme."""
        plots = {plot.name: plot for plot in plots_of(suite)}
        name = self.arguments[1]
        if name not in plots:
            raise self.error(f"the suite has the plots {', '.join(plots)}, not {name}")
        folder = Path(self.env.srcdir) / "results" / "generated"
        images: list[nodes.Node] = []
        for theme in ("light", "dark"):
            figure = draw(plots[name], results, suite, theme)
            if figure is None:
                return [nodes.note("", nodes.paragraph(text="Not run yet."))]
            file = save(figure, folder / f"{suite.name}-{name}-{theme}.svg")
            alt = self.options.get("alt", plots[name].title or name)
            uri = f"/results/generated/{file.name}"
            classes = [f"only-{theme}", "suite-plot"]
            images.append(nodes.image(uri=uri, alt=alt, classes=classes))
        return images


def _ranks(summary: pd.DataFrame) -> list[nodes.Node]:
    """Return mean ranks over the data sets that all have, and Friedman's test."""
    wide = summary.pivot(index="dataset", columns="method", values="mean")
    wide = wide.dropna(axis=1, thresh=wide.notna().sum().max()).dropna()
    ranks = mean_ranks(wide)
    frame = pd.DataFrame(
        {"method": ranks.index, "mean rank": ranks, "mean": wide.mean()[ranks.index]}
    )
    nodes_made: list[nodes.Node] = [_table(frame)]
    if min(wide.shape) > 2:
        text = f"Over {len(wide)} data sets. {friedman_sentence(wide, True)}"
        nodes_made.append(nodes.paragraph(text=text))
    return nodes_made


def _by_dataset(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a data set, one column a method, the best of each row first."""
    wide = summary.pivot(index="dataset", columns="method", values="mean")
    order = list(dict.fromkeys(summary["method"]))
    wide = wide.reindex(index=summary["dataset"].unique(), columns=order)
    wide.index = wide.index.str.rpartition("/").get_level_values(2)
    return wide.rename_axis(index="data set", columns=None).reset_index()


def _by_method(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a method, one column a data set; what was not measured is left."""
    turned = _by_dataset(summary).set_index("data set").T.dropna(how="all")
    return turned.rename_axis(index="method", columns=None).reset_index()


def _text_tables(tables: list[TextTable]) -> list[nodes.Node]:
    """Return tables with captions; a note that several share stands once, below."""
    made: list[nodes.Node] = []
    for table, after in zip_longest(tables, tables[1:]):
        # A mean with its deviation or interval is read in one piece.
        whole = table.cells.apply(
            lambda texts: texts.str.replace(
                r"(?<=,) (?=[^\[]*\])| (?=±)|(?<=±) ", "\N{NO-BREAK SPACE}", regex=True
            )
        )
        made.append(_table(whole, table.title))
        if table.note and (after is None or after.note != table.note):
            made.append(nodes.paragraph(text=table.note))
    return made


def _table(frame: pd.DataFrame, caption: str = "") -> nodes.table:
    group = nodes.tgroup(cols=frame.shape[1])
    group += [nodes.colspec(colwidth=1) for _ in frame]
    group += nodes.thead("", _row([str(name).replace("_", " ") for name in frame]))
    rows = [_row(map(_text, values)) for values in frame.itertuples(index=False)]
    group += nodes.tbody("", *rows)
    title = [nodes.title(text=caption)] if caption else []
    return nodes.table("", *title, group, classes=["suite-results"])


def _row(texts: "list[str] | map[str]") -> nodes.row:
    cells = [nodes.entry("", nodes.paragraph(text=text)) for text in texts]
    return nodes.row("", *cells)


def _text(value: object) -> str:
    if isinstance(value, float):
        if value != value:
            return ""
        return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives."""
    app.add_directive("suite-results", SuiteResults)
    app.add_directive("suite-plot", SuitePlot)
    return {"parallel_read_safe": True}
