"""The page that a comparison writes, and pictures in code.

Names are imported on first use: a picture in code needs matplotlib alone.
"""

# SPDX-License-Identifier: BSD-3-Clause

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab.report.advice import advise
    from trimtab.report.draw_display import DrawHistoryDisplay
    from trimtab.report.ensemble_display import EnsembleHistoryDisplay
    from trimtab.report.meta_training_display import MetaTrainingDisplay
    from trimtab.report.page import render_page, write_page

__all__ = [
    "DrawHistoryDisplay",
    "EnsembleHistoryDisplay",
    "MetaTrainingDisplay",
    "advise",
    "render_page",
    "write_page",
]

_HOME = {
    "DrawHistoryDisplay": "trimtab.report.draw_display",
    "EnsembleHistoryDisplay": "trimtab.report.ensemble_display",
    "MetaTrainingDisplay": "trimtab.report.meta_training_display",
    "advise": "trimtab.report.advice",
    "render_page": "trimtab.report.page",
    "write_page": "trimtab.report.page",
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
