"""Short forms in a suite's file, written out."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path

import pytest

from trimtab.benchmark.suites.suite import PaperValue, load_suite
from trimtab.benchmark.suites.suite_expansion import (
    expand_methods,
    read_paper_table,
    with_paper,
)
from trimtab.exceptions import InputError


def test_a_name_is_a_method_as_it_comes() -> None:
    """Names and tables give the same form."""
    names = expand_methods(["a", {"method": "a", "label": "A"}])

    assert names == [
        {"method": "a", "label": "a", "parameters": {}},
        {"method": "a", "label": "A", "parameters": {}},
    ]


def test_a_grid_is_every_combination() -> None:
    """Each combination is a method, and labels tell them apart."""
    grid = {"depth": [1, 2], "rate": [0.1, 0.25]}
    entry = {"method": "a", "grid": grid, "parameters": {"seed": 7}}

    by_default = expand_methods([entry])
    named = expand_methods([entry | {"label": "d{depth} r{rate}"}])

    assert [one["parameters"] for one in by_default] == [
        {"seed": 7, "depth": depth, "rate": rate}
        for depth in (1, 2)
        for rate in (0.1, 0.25)
    ]
    assert by_default[1]["label"] == "a depth=1, rate=0.25"
    assert [one["label"] for one in named] == [
        "d1 r0.1",
        "d1 r0.25",
        "d2 r0.1",
        "d2 r0.25",
    ]


def test_what_two_grids_have_in_common_is_there_once() -> None:
    """Grids may cross: the crossing is one experiment."""
    across = {"method": "a", "label": "{x}/{y}", "grid": {"x": [1, 2, 3], "y": [1]}}
    down = {"method": "a", "label": "{x}/{y}", "grid": {"x": [2], "y": [1, 2]}}

    labels = [one["label"] for one in expand_methods([across, down])]

    assert labels == ["1/1", "2/1", "3/1", "2/2"]


def test_shared_parameters_give_way_to_own_ones() -> None:
    """Later tables take the place of earlier ones, a method's own of both."""
    shared = [
        {"methods": ["net*", "art"], "parameters": {"width": 8, "epochs": 5}},
        {"methods": ["art"], "parameters": {"epochs": 9}},
    ]
    entries = [
        "network",
        "art",
        {"method": "net-2", "parameters": {"width": 2}},
        "tree",
    ]

    expanded = expand_methods(entries, shared)

    assert {one["method"]: one["parameters"] for one in expanded} == {
        "network": {"width": 8, "epochs": 5},
        "art": {"width": 8, "epochs": 9},
        "net-2": {"width": 2, "epochs": 5},
        "tree": {},
    }


@pytest.mark.parametrize(
    ("entry", "shared", "message"),
    [
        (
            {"method": "a", "label": "{y}", "grid": {"x": [1]}},
            [],
            "names a parameter that is not there: known are x",
        ),
        ("a", [{"methods": ["b*"], "parameters": {}}], "no method 'b\\*' in the suite"),
        (
            {"method": "a", "label": "{x.y}", "grid": {"x": [1]}},
            [],
            "names a parameter that is not there: known are x",
        ),
    ],
)
def test_what_is_misspelt_is_named(
    entry: str | dict[str, object], shared: list[dict[str, object]], message: str
) -> None:
    """Nothing is left out in silence."""
    with pytest.raises(InputError, match=message):
        expand_methods([entry], shared)


def test_a_table_of_the_papers_numbers() -> None:
    """Empty cells are numbers that the paper does not give."""
    text = "dataset,method,metric,mean,sd,p_t\nwine,A,macro_f1,0.5,0.1,\n"

    assert read_paper_table("t.csv", text) == [
        {"dataset": "wine", "method": "A", "metric": "macro_f1", "mean": 0.5, "sd": 0.1}
    ]
    for old, new, message in (
        ("0.5", "half", 'mean is "half": give a number'),
        (",sd", ",ds", "no key 'ds': did you mean 'sd'?"),
        ("A,", ",", "method is missing: add it"),
        ("0.1,", "0.1,,7", "it has more cells than columns: correct it"),
    ):
        with pytest.raises(InputError) as caught:
            read_paper_table("t.csv", text.replace(old, new))
        assert str(caught.value) == f"t.csv, line 2: {message}"


def test_a_table_of_the_papers_numbers_in_another_encoding(tmp_path: Path) -> None:
    """It is named; a byte order mark, which spreadsheets write, is left out."""
    text = "dataset,method,metric,mean\nwine,A,mcc,0.5\n"
    path = tmp_path / "t.csv"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    (row,) = with_paper({"paper": "t.csv"}, tmp_path)["paper"]
    assert row["dataset"] == "wine"
    path.write_bytes(text.replace("A", "\xc4").encode("latin-1"))
    with pytest.raises(InputError, match=r"paper: 't\.csv' is not UTF-8; convert it"):
        with_paper({"paper": "t.csv"}, tmp_path)


def test_a_suite_with_its_paper_beside_it(tmp_path: Path) -> None:
    """The CSV file is looked for in the suite's folder; methods keep to their sets."""
    (tmp_path / "numbers.csv").write_text(
        "dataset,method,metric,mean,sd,p_t,p_wilcoxon\nwine,A,mcc,0.5,0.1,0.04,\n"
    )
    text = """
    title = "T"
    description = "D"
    datasets = ["sklearn/wine", "sklearn/digits8"]
    methods = [
      { method = "lightgbm", label = "A", datasets = ["wine"] },
      "random-forest",
    ]
    paper = "numbers.csv"
    """
    (tmp_path / "t.toml").write_text(text)

    suite = load_suite(str(tmp_path / "t.toml"))

    assert suite.paper == (PaperValue("sklearn/wine", "A", "mcc", 0.5, 0.1, 0.04),)
    ran = {(one.dataset, one.method) for one in suite.experiments()}
    assert ran == {
        ("sklearn/wine", "lightgbm"),
        ("sklearn/wine", "random-forest"),
        ("sklearn/digits8", "random-forest"),
    }
    (tmp_path / "numbers.csv").unlink()
    with pytest.raises(InputError, match="no file 'numbers"):
        load_suite(str(tmp_path / "t.toml"))
    wrong = text.replace('["wine"]', '["iris"]').replace('"numbers.csv"', "[]")
    (tmp_path / "t.toml").write_text(wrong)
    with pytest.raises(InputError, match="no data set 'iris'"):
        load_suite(str(tmp_path / "t.toml"))


def test_the_ablations_of_art() -> None:
    """Two grids that cross, two networks of six widths, and seven ratios."""
    suite = load_suite("art-ablations")

    on_pima = [entry for entry in suite.entries if entry.runs_on("art/pima")]
    assert len(on_pima) == 11 * 3 + 10 * 3 - 3 + 2 * 6
    ratios = [name for name in suite.datasets if name != "art/pima"]
    assert len(suite.experiments()) == 20 * (len(on_pima) + 2 * len(ratios))
    assert [plot.name for plot in suite.plots] == [
        "blend", "frequency", "width", "imbalance",
    ]  # fmt: skip
