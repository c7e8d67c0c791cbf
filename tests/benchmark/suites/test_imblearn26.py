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
    """They are read, and an unknown measure is refused."""
    path = tmp_path / "own.toml"
    extra = 'further_metrics = ["accuracy"]\ntime_limit = 5\ntogether = true\n'
    path.write_text(extra + PLAIN)
    suite = load_suite(str(path))

    assert (suite.further_metrics, suite.time_limit) == (("accuracy",), 5)
    assert suite.together
    path.write_text(f'further_metrics = ["acuracy"]\n{PLAIN}')
    with pytest.raises(InputError, match="no metric 'acuracy': did you mean"):
        load_suite(str(path))


def test_every_method_is_in_imblearn26() -> None:
    """What is registered and takes tables of numbers; on the sets of the controls."""
    suite = load_suite("imblearn26")
    for_users = {one.name for one in list_methods() if one.name != "smotenc"}

    assert {entry.method for entry in suite.entries} == for_users
    assert suite.datasets == load_suite("controls").datasets
    assert suite.protocol.tune_threshold
