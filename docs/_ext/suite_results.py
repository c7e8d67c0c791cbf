"""The directive ``suite-results``: tables of a suite, from its committed export.

``.. suite-results:: controls`` reads ``docs/results/controls.csv.gz``, as ``trimtab
bench show controls --from`` does, and shows the methods over all data sets; with
``:by-dataset:`` it shows each data set.
"""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path
from typing import ClassVar

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from trimtab.benchmark.suite import load_suite
from trimtab.benchmark.summary import overview, read_export, summarise


class SuiteResults(SphinxDirective):
    """Show the overview of a suite, or with ``:by-dataset:`` one row a data set."""

    required_arguments = 1
    option_spec: ClassVar = {
        "metric": directives.unchanged,
        "by-dataset": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Make the table."""
        suite = load_suite(self.arguments[0])
        path = Path(self.env.srcdir) / "results" / f"{suite.name}.csv.gz"
        self.env.note_dependency(str(path))
        metric = self.options.get("metric", suite.metric)
        summary = summarise(read_export(path), suite, metric)
        if "by-dataset" in self.options:
            return [_table(_by_dataset(summary))]
        return [_table(overview(summary))]


def _by_dataset(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a data set, one column a method, the best of each row first."""
    wide = summary.pivot(index="dataset", columns="method", values="mean")
    order = list(dict.fromkeys(summary["method"]))
    wide = wide.reindex(index=summary["dataset"].unique(), columns=order)
    wide.index = wide.index.str.rpartition("/").get_level_values(2)
    return wide.reset_index()


def _table(frame: pd.DataFrame) -> nodes.table:
    group = nodes.tgroup(cols=frame.shape[1])
    group += [nodes.colspec(colwidth=1) for _ in frame]
    group += nodes.thead("", _row([str(name).replace("_", " ") for name in frame]))
    rows = [_row(map(_text, values)) for values in frame.itertuples(index=False)]
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=["suite-results"])


def _row(texts: "list[str] | map[str]") -> nodes.row:
    cells = [nodes.entry("", nodes.paragraph(text=text)) for text in texts]
    return nodes.row("", *cells)


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.3f}"
    return str(value)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("suite-results", SuiteResults)
    return {"parallel_read_safe": True}
