"""The evidence page: suites of experiments, and where the papers' claims stand.

One file of HTML that needs nothing else, in the manner of the page of a comparison.
"""

# SPDX-License-Identifier: BSD-3-Clause

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trimtab.benchmark.suites.suite_results import SuiteResults
from trimtab.exceptions import MissingExtraError
from trimtab.report.page.cells import plain_table
from trimtab.report.page.page_file import hold_together, render_template, write_html
from trimtab.report.words.wording import count

__all__ = ["render_evidence_page", "write_evidence_page"]


def write_evidence_page(
    found: Sequence[SuiteResults], path: str | os.PathLike[str]
) -> Path:
    """Write the page to a file, all of it or nothing.

    Parameters
    ----------
    found : sequence of SuiteResults
        The suites and their results.
    path : path-like
        The file. Its folder is made where it is missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Where the file cannot be written.
    MissingExtraError
        Where jinja2, plotly or scikit-posthocs is not installed.
    """
    return write_html(render_evidence_page(found), path)


def render_evidence_page(found: Sequence[SuiteResults]) -> str:
    """Return the page as text; the same results give the same page.

    Parameters
    ----------
    found : sequence of SuiteResults
        The suites and their results.

    Returns
    -------
    str
        A complete HTML document, of about five megabytes: plotly.js is in it.

    Raises
    ------
    MissingExtraError
        Where jinja2, plotly or scikit-posthocs is not installed.
    """
    try:
        from trimtab.report.page.claim_section import claims_section
        from trimtab.report.page.suite_section import suite_section
    except ImportError as error:
        raise MissingExtraError(error.name or "plotly", "compare") from error

    sections = [suite_section(one) for one in found]
    claims = claims_section(found)
    for row in claims["rows"]:
        row["cases"] = plain_table(row["cases"])
    shown = [
        {
            "section": section,
            "charts": [
                (
                    replace(chart, note=hold_together(chart.note)),
                    plain_table(chart.table),
                )
                for chart in section.charts
            ],
            "tables": [
                (table.title, hold_together(table.note), plain_table(table.cells))
                for table in section.tables
            ],
        }
        for section in sections
    ]
    figures = {
        chart.name: chart.figure.to_dict()
        for section in sections
        for chart in section.charts
    }
    return render_template(
        "evidence.html",
        {"charts": figures},
        lede=_lede(found),
        claims=claims,
        suites=shown,
    )


def _lede(found: Sequence[SuiteResults]) -> str:
    n = sum(len(one.results) for one in found)
    suites = "1 suite" if len(found) == 1 else f"{len(found)} suites"
    return (
        f"{suites} of experiments, {count(n)} experiments in all. Every number stands "
        "on results with one row an experiment, and each part says how it is run again."
    )
