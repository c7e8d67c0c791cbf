"""Results of suites from stores and exports."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

import pandas as pd
import pytest

from trimtab.benchmark.store import Store
from trimtab.benchmark.suites.export_files import write_export
from trimtab.benchmark.suites.suite import load_suite
from trimtab.benchmark.suites.suite_results import read_results, read_suites
from trimtab.exceptions import InputError

RESULTS = Path(__file__).parents[3] / "docs" / "results"


def test_all_suites_of_a_folder() -> None:
    """Those that ship and have an export there."""
    found = read_suites([], "", RESULTS)

    names = [one.suite.name for one in found]
    assert {"art-table1", "controls"} <= set(names)
    assert names == sorted(names)
    assert all(len(one.results) for one in found)
    assert found[0].command == f"trimtab bench run {names[0]}"


def test_suites_by_name_from_a_folder_or_a_file() -> None:
    """The file is of one suite alone."""
    file = RESULTS / "controls.csv.gz"

    assert len(read_suites(["controls"], "", file)[0].results) == 1040
    assert len(read_suites(["controls"], "", RESULTS)[0].results) == 1040
    for names in ([], ["controls", "art-table1"]):
        with pytest.raises(InputError, match="holds one suite: name that suite alone"):
            read_suites(names, "", file)


def test_seeds_of_an_export(tmp_path: Path) -> None:
    """All that it has are read, unless some are asked for; others are refused."""
    plan = load_suite("controls").select(seeds=[7, 1])
    file = tmp_path / "controls.csv.gz"
    text = {"dataset": "d", "method": "m", "parameters": "{}", "status": "done"}
    table = pd.DataFrame({**text, "reason": "", "seed": [0, 1, 1, 2]})
    write_export(table, file)

    assert read_results(plan, "", file)["seed"].tolist() == [0, 1, 1, 2]
    some = read_results(plan, "", tmp_path, only_seeds=True)
    assert some["seed"].tolist() == [1, 1]
    with pytest.raises(InputError, match="of the seeds 7, 8: it has 0, 1, 2; choose"):
        read_results(plan.select(seeds=[7, 8]), "", file, only_seeds=True)
    write_export(table.drop(columns="seed"), file)
    with pytest.raises(InputError, match="does not say its seeds"):
        read_results(plan, "", file, only_seeds=True)


def test_nothing_is_there(tmp_path: Path) -> None:
    """An empty folder, an empty store, and a suite without an export."""
    url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    Store(url).close()

    for source in (tmp_path, None):
        with pytest.raises(
            InputError, match="has no results of a suite that comes with trimtab"
        ):
            read_suites([], url, source)
    with pytest.raises(InputError, match="no such file"):
        read_suites(["controls"], url, tmp_path)
    with pytest.raises(InputError, match="run it first, trimtab bench run controls"):
        read_suites(["controls"], url)
