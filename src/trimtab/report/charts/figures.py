"""All charts of the page."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable

from trimtab.benchmark.evidence import Evidence
from trimtab.report.charts.chart import Chart
from trimtab.report.charts.cost_chart import cost_chart
from trimtab.report.charts.draw_chart import draw_chart
from trimtab.report.charts.ensemble_chart import ensemble_chart
from trimtab.report.charts.prediction_charts import (
    calibration_chart,
    precision_recall_chart,
    probability_chart,
)
from trimtab.report.charts.score_charts import scores_chart

__all__ = [
    "Chart",
    "calibration_chart",
    "cost_chart",
    "draw_chart",
    "ensemble_chart",
    "make_charts",
    "precision_recall_chart",
    "probability_chart",
    "scores_chart",
]


def make_charts(evidence: Evidence) -> list[Chart]:
    """Return every chart that the evidence has data for, in the order of the page."""
    builders: list[Callable[[Evidence], Chart | None]] = [
        scores_chart,
        precision_recall_chart,
        calibration_chart,
        probability_chart,
        cost_chart,
        draw_chart,
        ensemble_chart,
    ]
    return [chart for build in builders if (chart := build(evidence)) is not None]
