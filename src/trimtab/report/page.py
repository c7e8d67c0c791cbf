"""The page: one file of HTML that needs nothing else.

Everything that comes from the user is escaped: by Jinja in the markup, by
`trimtab.report.wording.plot_text` in the charts, and here in the page's JSON. A
content security policy allows the page's own two scripts, by their digest, and no
connection to anywhere.
"""

# SPDX-License-Identifier: BSD-3-Clause

import base64
import hashlib
import json
import os
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from trimtab.benchmark.evidence import Evidence
from trimtab.exceptions import MissingExtraError
from trimtab.files import check_writable, write_whole
from trimtab.report.advice import advise
from trimtab.report.cells import plain_table
from trimtab.report.ranking_table import glossary, leaderboard_section
from trimtab.report.sections import (
    confusion_section,
    data_section,
    failures,
    protocol_facts,
)
from trimtab.report.wording import inside_sentence

__all__ = [
    "hold_together",
    "render_page",
    "render_template",
    "write_html",
    "write_page",
]


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


def write_html(text: str, path: str | os.PathLike[str]) -> Path:
    """Write a page to a file, all of it or nothing.

    Parameters
    ----------
    text : str
        The document.
    path : path-like
        The file. Its folder is made where it is missing.

    Raises
    ------
    InputError
        Where the file cannot be written.
    """
    path = Path(path)
    # Names of files may hold bytes that are no text; they become question marks.
    content = text.encode("utf-8", errors="replace")
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_whole(path, content)


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
        from trimtab.report.figures import make_charts
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


def render_template(name: str, data: Any, **context: Any) -> str:
    """Return a page from its template, with the style and the scripts in it.

    Parameters
    ----------
    name : str
        The template, a file beside this module.
    data : object
        What the scripts draw from, as JSON.
    **context
        What the template names.

    Raises
    ------
    MissingExtraError
        Where jinja2 or plotly is not installed.
    """
    try:
        import jinja2
        import plotly.offline
        from markupsafe import Markup
        from plotly.utils import PlotlyJSONEncoder
    except ImportError as error:
        raise MissingExtraError(error.name or "plotly", "compare") from error

    scripts = [plotly.offline.get_plotlyjs(), _own_file("page.js")]
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_own_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(
        style=Markup(_own_file("page.css")),
        scripts=[Markup(script) for script in scripts],
        digests=[_digest(script) for script in scripts],
        data=Markup(_inert(json.dumps(data, cls=PlotlyJSONEncoder))),
        **context,
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


def hold_together(sentence: str) -> str:
    """Return a sentence whose numbers are not parted from what belongs to them."""
    space = "\N{NO-BREAK SPACE}"
    return sentence.replace(" %", f"{space}%").replace("p = ", f"p{space}={space}")


def _own_file(name: str) -> str:
    """Return the text of a file beside this module."""
    return files("trimtab.report").joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """Return the source expression that allows exactly this script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _inert(data: str) -> str:
    """Return JSON that nothing can be closed or opened with inside an HTML script."""
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return data
