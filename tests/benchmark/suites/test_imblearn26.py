"""The suite of every method, and what its file says that others do not."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

import pytest

from trimtab.benchmark.methods import list_methods
from trimtab.benchmark.suites.suite import load_suite
from trimtab.exceptions import InputError

PLAIN = """
title = "A toy"
description = "For tests."
datasets = ["sklearn/wine"]
methods = ["lightgbm"]
"""


def test_limit_and_further_measures_of_a_suite(tmp_path: Path) -> None:
    """They are read, and refused where they make no sense."""
    path = tmp_path / "own.toml"
    extra = 'further_metrics = ["accuracy"]\ntime_limit = 5\ntogether = true\n'
    path.write_text(extra + PLAIN)
    suite = load_suite(str(path))

    assert (suite.further_metrics, suite.time_limit) == (("accuracy",), 5)
    assert suite.together
    for wrong, message in (
        ('time_limit = "5"', "time_limit is '5': give seconds, or leave it out"),
        ("time_limit = 0", "time_limit is 0: give seconds, or leave it out"),
        ('together = "yes"', "together is 'yes': give true or false"),
        ('further_metrics = ["acuracy"]', "no metric 'acuracy': did you mean"),
    ):
        path.write_text(f"{wrong}\n{PLAIN}")
        with pytest.raises(InputError, match=message):
            load_suite(str(path))


def test_every_method_is_in_imblearn26() -> None:
    """What is registered and takes tables of numbers; on the sets of the controls."""
    suite = load_suite("imblearn26")
    for_users = {one.name for one in list_methods() if one.name != "smotenc"}

    assert {entry.method for entry in suite.entries} == for_users
    assert suite.datasets == load_suite("controls").datasets
    assert suite.protocol.tune_threshold
