"""The directives that show a suite's results in the documentation."""

# SPDX-License-Identifier: BSD-3-Clause

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from trimtab.benchmark.suites.export_files import write_export
from trimtab.benchmark.suites.suite import load_suite

pytest.importorskip("sphinx")
pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[1]

SUITE = """
title = "A toy"
description = "For tests."
datasets = ["sklearn/wine", "sklearn/digits8"]
metric = "macro_f1"
seeds = [0, 1, 2]
reference = "ours"
methods = [
  { method = "lightgbm", label = "base" },
  { method = "random-forest", label = "ours", parameters = { n_estimators = 9 } },
]

[protocol]
n_splits = 1
test_size = 0.15

[[paper]]
dataset = "sklearn/wine"
method = "base"
metric = "macro_f1"
mean = 0.6
sd = 0.05

[[plot]]
name = "trees"
kind = "curve"
title = "By the number of trees"
x = "n_estimators"
"""

PAGE = """
Toy
===

.. suite-results:: toy.toml
   :paper:

.. suite-results:: toy.toml
   :metric: accuracy
   :paper:

.. suite-results:: toy.toml
   :reference:

.. suite-results:: toy.toml
   :by-dataset:

.. suite-results:: toy.toml
   :by-method:

.. suite-results:: toy.toml

.. suite-results:: toy.toml
   :without: bas*, none

.. suite-plot:: toy.toml differences

.. suite-plot:: toy.toml trees

.. suite-results:: later.toml

.. suite-plot:: later.toml differences
"""


def build(folder: Path) -> str:
    """Build the page, with results of the first data set; warnings are errors."""
    (folder / "conf.py").write_text('extensions = ["suite_results"]\n')
    for name in ("toy", "later"):
        (folder / f"{name}.toml").write_text(SUITE)
    (folder / "index.rst").write_text(PAGE)
    suite = load_suite(str(folder / "toy.toml"))
    rows = [
        {
            "dataset": suite.datasets[0],
            "method": entry.label,
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "parameters": entry.parameters,
            "status": "done",
            "reason": "",
            "accuracy": 0.9,
            "macro_f1": 0.7 + 0.05 * place + 0.01 * seed * (place + 1),
        }
        for place, entry in enumerate(suite.entries)
        for seed in suite.seeds
    ]
    write_export(pd.DataFrame(rows), folder / "results" / "toy.csv.gz")
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", folder, folder / "html"],
        check=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'docs' / '_ext'}:{ROOT / 'src'}"},
    )
    return (folder / "html" / "index.html").read_text(encoding="utf-8")


def test_tables_and_pictures_come_from_the_export(tmp_path: Path) -> None:
    """From a part of the rows too, and before a suite has been run at all."""
    page = build(tmp_path)

    for text in ("+2.20 ▲▲", "ours against the others", "mean rank"):
        assert text in page
    # One table is told to leave "base" out; another shows "ours" in place of "base".
    assert (page.count("<p>ours</p>"), page.count("<p>base</p>")) == (7, 5)
    # One table has a data set in its heading, one has it in its row.
    assert page.count("<p>wine</p>") == 2
    assert "sklearn/digits8: " not in page
    assert page.count("only-light") == page.count("only-dark") == 2
    assert (tmp_path / "html/_images/toy-differences-light.svg").is_file()
    assert page.count("later has not been run to its end yet") == 2


def test_evidence_page_is_written_beside_the_html(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the exports, after a build of HTML that went well, and then alone."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    write_page = importlib.import_module("evidence").write_page
    source = tmp_path / "docs" / "results"
    source.mkdir(parents=True)
    shutil.copy(ROOT / "docs" / "results" / "controls.csv.gz", source)
    html, text = (
        SimpleNamespace(
            srcdir=source.parent, outdir=tmp_path, builder=SimpleNamespace(format=form)
        )
        for form in ("html", "text")
    )
    path = tmp_path / "results" / "evidence.html"

    write_page(text, None)
    write_page(html, RuntimeError("stopped"))
    assert not path.exists()
    write_page(html, None)
    assert "The controls" in path.read_text(encoding="utf-8")
