"""The page of a comparison: what to do, the leaderboard, charts, and the data."""

# SPDX-License-Identifier: BSD-3-Clause

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from trimtab.benchmark.evidence import Evidence
from trimtab.exceptions import MissingExtraError
from trimtab.report.page.cells import plain_table
from trimtab.report.page.page_file import hold_together, render_template, write_html
from trimtab.report.page.ranking_table import glossary, leaderboard_section
from trimtab.report.page.sections import (
    confusion_section,
    data_section,
    failures,
    protocol_facts,
)
from trimtab.report.words.advice import advise
from trimtab.report.words.wording import inside_sentence

__all__ = ["render_page", "write_page"]


def write_page(evidence: Evidence, path: str | os.PathLike[str]) -> Path:
    """Write the page to a file, all of it or nothing.

    Parameters
    ----------
    evidence : Evidence
        What the comparison has found out.
    path : path-like
        The file. Its folder is made where it is missing; a file that is there is
        replaced once the new one is complete.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        Where the file cannot be written.
    MissingExtraError
        Where jinja2 or plotly is not installed.
    """
    return write_html(render_page(evidence), path)


def render_page(evidence: Evidence) -> str:
    """Return the page as text.

    The same evidence gives the same page, byte for byte.

    Parameters
    ----------
    evidence : Evidence
        What the comparison has found out.

    Returns
    -------
    str
        A complete HTML document, of about five megabytes: plotly.js is in it.

    Raises
    ------
    MissingExtraError
        Where jinja2 or plotly is not installed.
    """
    try:
        from trimtab.report.charts.figures import make_charts
    except ImportError as error:
        raise MissingExtraError(error.name or "plotly", "compare") from error

    charts = make_charts(evidence)
    decisions = confusion_section(evidence)
    figures = {chart.name: chart.figure.to_dict() for chart in charts}
    matrices = decisions["data"] if decisions else None
    return render_template(
        "page.html",
        {"charts": figures, "confusion": matrices},
        charts=[
            (replace(chart, note=hold_together(chart.note)), plain_table(chart.table))
            for chart in charts
        ],
        decisions=decisions,
        **_context(evidence),
    )


def _context(evidence: Evidence) -> dict[str, Any]:
    """Return what the template says in words and tables."""
    verdict, *advice = advise(evidence)
    headline, _, explanation = verdict.partition(": ")
    return {
        "profile": evidence.profile,
        "positive": evidence.labels.names[evidence.labels.positive],
        "lede": _lede(evidence),
        "headline": headline.rstrip("."),
        "explanation": hold_together(explanation[:1].upper() + explanation[1:]),
        "advice": [hold_together(sentence) for sentence in advice],
        "data_facts": data_section(evidence),
        "leaderboard": leaderboard_section(evidence),
        "failures": failures(evidence),
        "skipped": evidence.skipped,
        "protocol": protocol_facts(evidence),
        "glossary": glossary(evidence),
        "command": evidence.command,
        "versions": evidence.versions,
    }


def _lede(evidence: Evidence) -> str:
    n, protocol = len(evidence.leaderboard), evidence.protocol
    return (
        f"{n} method{'' if n == 1 else 's'} compared on {protocol.describe()}, ranked "
        f"by {inside_sentence(evidence.metric)}."
    )
