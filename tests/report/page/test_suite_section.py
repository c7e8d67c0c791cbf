"""What the evidence page shows of a suite: its charts and tables."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.report.sample_suites import METHODS, make_found
from trimtab.benchmark.dataset_statistics import critical_difference
from trimtab.report.charts.chart import Chart
from trimtab.report.charts.difference_chart import difference_chart
from trimtab.report.charts.profile_chart import profile_chart
from trimtab.report.charts.rank_chart import rank_chart
from trimtab.report.page.suite_section import suite_section

FAMILIES = {"ours": "learned", "base": "control"}


def charts() -> dict[str, Chart]:
    """Return the toy suite's charts by the last word of their names."""
    section = suite_section(make_found())
    return {chart.name.rpartition("-")[2]: chart for chart in section.charts}


def test_section_has_everything() -> None:
    """Four charts, the tables, what was run and how to run it again."""
    section = suite_section(make_found())

    assert [chart.name for chart in section.charts] == [
        "toy-macro_f1-ranks",
        "toy-macro_f1-profile",
        "toy-macro_f1-differences",
        "toy-macro_f1-cost",
    ]
    assert section.facts.startswith(
        "48 of 48 experiments, none failed; 95 s of fitting"
    )
    assert section.commands[0] == "trimtab bench run toy"
    titles = [table.title for table in section.tables]
    assert titles[:2] == ["Over the data sets: macro F1", "Each data set: macro F1"]
    assert any(title.startswith("g/one: ours against the others") for title in titles)


def test_few_data_sets_have_no_ranks() -> None:
    """Two sets are no sample: the lead and the cost remain."""
    section = suite_section(make_found(n_datasets=2))

    assert [chart.name.rpartition("-")[2] for chart in section.charts] == [
        "differences",
        "cost",
    ]


def test_ranks_by_hand() -> None:
    """Dots at the mean ranks, best on top; the ruler is one critical difference."""
    chart = charts()["ranks"]
    dots = {t.name: t for t in chart.figure.data if t.mode == "markers"}
    ruler = chart.figure.data[-1]

    assert set(dots) == {"Control", "Rebalancing"}
    assert dots["Rebalancing"].y.tolist() == [0, 3]
    assert dots["Rebalancing"].x[0] == 1.0
    assert np.diff(ruler.x)[0] == pytest.approx(critical_difference(4, 4))
    assert chart.table["Method"].tolist()[0] == "ours"
    assert chart.table.set_index("Method").loc["smote", "Ahead"] == "0"
    assert "ours" in chart.note


def test_groups_are_bars_or_intervals() -> None:
    """Many overlapping groups would be a thicket: each method has a line instead."""
    rng = np.random.default_rng(0)
    names = [f"m{i:02}" for i in range(40)]
    skill = np.linspace(0, 3, 40)
    many = pd.DataFrame(skill + rng.normal(size=(60, 40)), columns=names)
    few = many.iloc[:, :4]

    one = rank_chart(few, "m00", {}, name="a", greater_is_better=True)
    other = rank_chart(many, "m00", {}, name="b", greater_is_better=True)

    assert one.figure.data[0].name == "Not told apart"
    assert other.figure.data[0].name.startswith("Half the critical difference")
    assert len(other.figure.data[0].x) == 3 * 40


def test_profile_ends_where_most_is_reached() -> None:
    """Steps from 1 on; the share at the left end is how often a method is best."""
    chart = charts()["profile"]
    lines = {line.meta["label"]: line for line in chart.figure.data}

    assert set(lines) == set(METHODS)
    assert lines["ours"].y[0] == 1
    assert lines["ours"].x[-1] == pytest.approx(lines["smote"].x[-1])
    assert chart.table.set_index("Method").loc["ours", "Best"] == "100 %"


def test_profile_of_losses() -> None:
    """Less is better: the method with the least loss is at 1."""
    losses = pd.DataFrame({"a": [0.1, 0.2, 0.1], "b": [0.2, 0.3, 0.4]})
    chart = profile_chart(losses, "a", name="p", greater_is_better=False)

    assert chart.figure.data[0].meta["label"] == "a"
    assert "least" in chart.figure.layout.xaxis.title.text


def test_heat_map_has_its_longer_side_down_the_page() -> None:
    """Numbers stand in the cells while there is room."""
    wide = pd.DataFrame(
        np.arange(24.0).reshape(2, 12) / 100,
        index=["a", "b"],
        columns=[f"g/d{i}" for i in range(12)],
    )
    turned = difference_chart(wide, "ours", "macro_f1", name="d").figure
    plain = difference_chart(wide.iloc[:, :2], "ours", "macro_f1", name="d").figure
    many = pd.DataFrame(np.ones((30, 12)), columns=wide.columns)

    assert turned.data[0].z.shape == (12, 2)
    assert turned.layout.yaxis.ticktext[0] == "d0"
    assert plain.data[0].texttemplate == "%{text}"
    assert difference_chart(
        many, "ours", "macro_f1", name="d"
    ).figure.data[0].texttemplate == ""  # fmt: skip


def test_cost_is_over_what_all_have_finished() -> None:
    """The geometric mean of a fit's seconds; a set that one did not finish is out."""
    found = make_found()
    failed = (found.results["dataset"] == "g/four") & (
        found.results["method"] == "smote"
    )
    results = found.results.copy()
    results.loc[failed, "status"] = "timeout"
    section = suite_section(replace(found, results=results))
    chart = section.charts[-1]

    assert "Over the 3 data sets" in chart.note
    table = chart.table.set_index("Method")
    assert table.loc["ours", "Fit (s)"] == pytest.approx(1.5 * 6 ** (1 / 3))
    assert section.facts.startswith("48 of 48 experiments, 3 failed")


def test_suite_without_a_reference_has_lightgbm_for_one() -> None:
    """Whatever the suite calls it, if by its name; or no heat map."""
    found = make_found()
    nobody = replace(found, suite=replace(found.suite, reference=None))
    renamed = replace(
        nobody,
        suite=replace(
            nobody.suite,
            entries=tuple(
                replace(e, label="LightGBM") if e.label == "base" else e
                for e in nobody.suite.entries
            ),
        ),
        results=found.results.replace({"method": {"base": "LightGBM"}}),
    )

    kinds = [chart.name.rpartition("-")[2] for chart in suite_section(nobody).charts]
    assert kinds == ["ranks", "profile", "cost"]
    titles = [chart.title for chart in suite_section(renamed).charts]
    assert "LightGBM minus each method, by data set: macro F1" in titles
