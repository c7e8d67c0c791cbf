"""A page is one file of HTML that needs nothing else.

Everything that comes from the user is escaped: by Jinja in the markup, by
`trimtab.report.words.wording.plot_text` in the charts, and here in the page's JSON. A
content security policy allows the page's own two scripts, by their digest, and no
connection to anywhere.
"""

# SPDX-License-Identifier: BSD-3-Clause

import base64
import hashlib
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from trimtab.exceptions import MissingExtraError
from trimtab.files import check_writable, write_whole

__all__ = ["hold_together", "render_template", "write_html"]


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


def hold_together(sentence: str) -> str:
    """Return a sentence whose numbers are not parted from what belongs to them."""
    space = "\N{NO-BREAK SPACE}"
    return sentence.replace(" %", f"{space}%").replace("p = ", f"p{space}={space}")


def _own_file(name: str) -> str:
    """Return the text of a file beside this module."""
    return files("trimtab.report.page").joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """Return the source expression that allows exactly this script."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _inert(data: str) -> str:
    """Return JSON that nothing can be closed or opened with inside an HTML script."""
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return data
