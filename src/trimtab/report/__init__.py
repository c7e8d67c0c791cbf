"""The page that a comparison writes: figures, advice and the HTML around them."""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.report.advice import advise
from trimtab.report.page import render_page, write_page

__all__ = ["advise", "render_page", "write_page"]
