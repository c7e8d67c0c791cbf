"""The evidence page of the committed results, beside the documentation's own pages.

After the HTML is built, ``results/evidence.html`` is written from ``results/*.csv.gz``,
as ``trimtab bench report --from docs/results`` writes it.
"""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

from sphinx.application import Sphinx

from trimtab.benchmark.suites.suite_results import read_suites
from trimtab.report.page.evidence_page import write_evidence_page


def write_page(app: Sphinx, exception: Exception | None) -> None:
    """Write the page where the documentation is HTML and has been built."""
    if exception is None and app.builder.format == "html":
        found = read_suites([], "", Path(app.srcdir) / "results")
        write_evidence_page(found, Path(app.outdir) / "results" / "evidence.html")


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask to be called when the build has finished."""
    app.connect("build-finished", write_page)
    return {"parallel_read_safe": True}
