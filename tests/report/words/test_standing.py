"""Tests of what is asked of a leaderboard before advice is given."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

from tests.report.sample_evidence import make_evidence
from trimtab.report.words.standing import Standing


def test_the_rows_of_the_class_of_interest_are_those_to_doubt_by() -> None:
    """With 500 and 20 rows in five folds: 4 of the rare class in a test part, or 100.

    Where the common class is of interest there are enough of its rows.
    """
    evidence = make_evidence(class_rows=(500, 20))
    common = replace(evidence, labels=replace(evidence.labels, positive=0))

    assert Standing.of(evidence).doubt == (
        "each test part holds only about 4 rows of “yes”"
    )
    assert Standing.of(common).doubt == ""
