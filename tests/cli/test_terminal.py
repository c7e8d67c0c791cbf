"""What is printed of a comparison, beside what its page shows."""

from dataclasses import replace

import pandas as pd
import pytest

from tests.report.sample_evidence import make_evidence
from trimtab.cli.terminal import show_comparison, show_frame
from trimtab.comparison import Comparison


def shown(capsys, evidence):
    """Return what is printed of the evidence."""
    show_comparison(Comparison(evidence, None, {}, None, 0))
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["[bold]x[/bold]", "it's", "a\\b"])
def test_a_label_is_printed_as_python_writes_it(capsys, name):
    """Square brackets are no markup, and no backslash is added to them."""
    printed = shown(capsys, make_evidence(class_names=("no", name)))
    assert f"class of interest {name!r} (10.0%)" in printed


def test_numbers_are_those_of_the_page(capsys):
    """A tiny p-value is not nothing, and minus is a minus."""
    evidence = make_evidence()
    board = evidence.leaderboard.assign(
        p_holm=0.00002, difference=-0.5, difference_low=-0.75, difference_high=-0.25
    )
    printed = shown(capsys, replace(evidence, leaderboard=board))
    assert "<0.001" in printed
    assert "−0.500 [−0.750, −0.250]" in printed


def test_one_split_has_no_deviation(capsys):
    """Where a number cannot be said, none is printed."""
    evidence = make_evidence()
    board = evidence.leaderboard.assign(
        average_precision_sd=float("nan"), difference_low=float("nan")
    )
    printed = shown(capsys, replace(evidence, leaderboard=board))
    assert "±" not in printed.split("fit")[1]
    assert "nan" not in printed


def test_a_frame_is_printed_with_its_digits_and_p_values(capsys):
    """Missing numbers are blank."""
    table = {
        "method": ["a", "b"],
        "score": [0.12345, float("nan")],
        "p_holm": [1e-9, 1],
    }
    show_frame(pd.DataFrame(table), "Title")
    printed = capsys.readouterr().out
    assert "0.123" in printed
    assert "<0.001" in printed
    assert "nan" not in printed
