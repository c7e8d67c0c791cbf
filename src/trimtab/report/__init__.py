"""Pages, charts and tables of results, and pictures in code.

Names are imported on first use: a picture in code needs matplotlib alone.
"""

# SPDX-License-Identifier: BSD-3-Clause

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.report.displays.decisions_display import DecisionsDisplay
    from trimtab.report.displays.draw_display import DrawHistoryDisplay
    from trimtab.report.displays.ensemble_display import EnsembleHistoryDisplay
    from trimtab.report.displays.meta_training_display import MetaTrainingDisplay
    from trimtab.report.page.comparison_page import render_page, write_page
    from trimtab.report.words.advice import advise

__all__ = [
    "DecisionsDisplay",
    "DrawHistoryDisplay",
    "EnsembleHistoryDisplay",
    "MetaTrainingDisplay",
    "advise",
    "render_page",
    "write_page",
]

_HOME = {
    "DecisionsDisplay": "trimtab.report.displays.decisions_display",
    "DrawHistoryDisplay": "trimtab.report.displays.draw_display",
    "EnsembleHistoryDisplay": "trimtab.report.displays.ensemble_display",
    "MetaTrainingDisplay": "trimtab.report.displays.meta_training_display",
    "advise": "trimtab.report.words.advice",
    "render_page": "trimtab.report.page.comparison_page",
    "write_page": "trimtab.report.page.comparison_page",
}
"""The module that each name lives in."""


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for."""
    if name not in _HOME:
        raise AttributeError(f"module 'trimtab.report' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the names, those not yet imported too."""
    return sorted({*globals(), *__all__})
