"""OpenML: any data set of it, and those that stand in for a file."""

# SPDX-License-Identifier: BSD-3-Clause

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from tests.datasets.conftest import Homes, Web
from trimtab import datasets
from trimtab.datasets.data_files import read
from trimtab.exceptions import InputError

FROM_OPENML = [
    name for name in datasets.list() if datasets.describe(name).origin.kind == "openml"
]


def answer(X: pd.DataFrame, y: Any, names: tuple[str, ...] = ("class",)) -> Bunch:
    """Return what scikit-learn gives for a data set of OpenML."""
    details = {"name": "tiny", "version": "3", "licence": "Public"}
    return Bunch(data=X, target=y, target_names=list(names), details=details)


def let_openml_answer(
    monkeypatch: pytest.MonkeyPatch, content: Bunch | Exception
) -> list[int]:
    """Replace the download; return the list of the numbers that are asked for."""
    asked: list[int] = []

    def fetch_openml(*, data_id: int, **options: Any) -> Bunch:
        asked.append(data_id)
        if isinstance(content, Exception):
            raise content
        return content

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch_openml)
    return asked


def test_any_data_set_by_its_number(
    homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table, the labels and the card are those that OpenML tells."""
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0], "b": ["x", "y", None]})
    y = pd.Series(["no", "yes", "no"], dtype="category", name="class")
    asked = let_openml_answer(monkeypatch, answer(X, y))

    assert not datasets.is_available("openml/42")
    table = datasets.load("openml/42")

    assert asked == [42]
    pd.testing.assert_frame_equal(table.X, X)
    assert table.y.tolist() == ["no", "yes", "no"]
    card = table.description
    assert (card.name, card.target, card.rows) == ("openml/42", "class", 3)
    assert dict(zip(card.classes, card.counts, strict=True)) == {"no": 2, "yes": 1}
    assert datasets.is_available("openml/42")


def serve_openml(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scikit-learn find a small OpenML on this machine, with one data set."""
    table = (
        b"@RELATION tiny\n@ATTRIBUTE size NUMERIC\n@ATTRIBUTE kind {no,yes}\n"
        b"@ATTRIBUTE word {a,b}\n@DATA\n1.5,no,a\n2.5,yes,b\n3.5,no,?\n"
    )
    about = {
        "id": "42",
        "name": "tiny",
        "description": "Tiny.",
        "version": "1",
        "format": "ARFF",
        "licence": "CC0",
        "status": "active",
        "default_target_attribute": "kind",
        "file_id": "7",
        "url": f"{web.url}/data/7",
        "md5_checksum": hashlib.md5(table).hexdigest(),
    }
    common = dict.fromkeys(("is_ignore", "is_row_identifier"), "false")
    features = [
        {
            "index": str(i),
            "name": name,
            "data_type": "numeric" if name == "size" else "nominal",
            "is_target": str(name == "kind").lower(),
            "number_of_missing_values": "0",
            **common,
        }
        for i, name in enumerate(["size", "kind", "word"])
    ]
    answers = {
        "about/42": json.dumps({"data_set_description": about}).encode(),
        "features/42": json.dumps({"data_features": {"feature": features}}).encode(),
        "qualities/42": b'{"data_qualities": {"quality": []}}',
        "data/7": table,
    }
    for path, content in answers.items():
        (web.folder / path).parent.mkdir()
        (web.folder / path).write_bytes(content)
    for name, place in (("INFO", "about"), ("FEATURES", "features")):
        constant = f"sklearn.datasets._openml._DATA_{name}"
        monkeypatch.setattr(constant, f"{web.url}/{place}/{{}}")
    constant = "sklearn.datasets._openml._DATA_QUALITIES"
    monkeypatch.setattr(constant, f"{web.url}/qualities/{{}}")


def test_download_by_scikit_learn(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A data set comes over HTTP once; afterwards the cache is enough."""
    serve_openml(web, monkeypatch)

    X, y, card = datasets.load("openml/42")

    assert X["size"].tolist() == [1.5, 2.5, 3.5]
    assert X["word"].isna().tolist() == [False, False, True]
    assert y.tolist() == ["no", "yes", "no"]
    assert (card.target, card.classes, card.counts) == ("kind", ("no", "yes"), (2, 1))
    shutil.rmtree(web.folder)
    assert datasets.is_available("openml/42")
    assert datasets.load("openml/42").y.tolist() == y.tolist()


def test_download_by_scikit_learn_with_wrong_checksum(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other bytes than OpenML's checksum tells are an error."""
    serve_openml(web, monkeypatch)
    with (web.folder / "data" / "7").open("ab") as file:
        file.write(b"4.5,yes,a\n")

    with pytest.raises(InputError, match="md5 checksum"):
        datasets.load("openml/42")
    assert not datasets.is_available("openml/42")


def test_openml_out_of_reach(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without net the error names the address and the cache; nothing is marked."""
    let_openml_answer(monkeypatch, URLError("no route"))

    with pytest.raises(InputError, match=r"openml\.org/d/42 could not be reached"):
        datasets.load("openml/42")
    assert not datasets.is_available("openml/42")
    with pytest.raises(InputError, match=r"art/pima\.npz .*openml\.org/d/37 could not"):
        datasets.load("pima")


def test_number_that_openml_does_not_know(
    homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer's first line is passed on."""
    let_openml_answer(monkeypatch, ValueError("Dataset 42 not found.\nTraceback"))

    with pytest.raises(InputError, match=r"data set 42 \(Dataset 42 not found\.\)"):
        datasets.load("openml/42")


@pytest.mark.parametrize("n_targets", [0, 2])
def test_no_target_or_several(
    homes: Homes, monkeypatch: pytest.MonkeyPatch, n_targets: int
) -> None:
    """A data set without exactly one target is refused."""
    X = pd.DataFrame({"a": [1.0, 2.0]})
    target = None if n_targets == 0 else X
    names = ("s", "t")[:n_targets]
    let_openml_answer(monkeypatch, answer(X, target, names))

    with pytest.raises(InputError, match=f"has {n_targets} targets"):
        datasets.load("openml/42")


def test_other_values_than_the_known_ones(
    homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenML's table must be the catalogue's, else it is refused and not kept."""
    card = datasets.describe("pima")
    y = pd.Series(["tested_negative"] * 500 + ["tested_positive"] * 268)
    let_openml_answer(monkeypatch, answer(pd.DataFrame(np.zeros((768, 8))), y))

    with pytest.raises(InputError, match="gave other values than the known ones"):
        datasets.load("pima")
    assert not (homes.cache / str(card.file)).exists()


def as_openml_has_it(name: str, home: Path) -> Bunch:
    """Turn the data folder's table back into the form in which OpenML keeps it."""
    card = datasets.describe(name)
    X, y, _ = read(home / str(card.file), card)
    theirs = {str(ours): label for label, ours in card.origin.labels.items()}
    labels = pd.Series([theirs[str(label)] for label in y], dtype="category")
    if card.columns:
        frame = X.astype(dict.fromkeys(X.select_dtypes("str").columns, "category"))
    elif card.origin.levels:
        frame = pd.DataFrame(
            {
                i: pd.Categorical.from_codes(X[:, i].astype(int), categories=levels)
                for i, levels in enumerate(card.origin.levels)
            }
        )
    else:
        # The shortest decimals that give the same float32 are the original's.
        is_small = len(X) < 5000
        values = [[float(str(v)) for v in row] for row in X] if is_small else X
        frame = pd.DataFrame(values).add_prefix("column ")
    if not card.origin.in_order:
        turned = np.random.default_rng(0).permutation(len(frame))
        frame, labels = (x.iloc[turned].reset_index(drop=True) for x in (frame, labels))
    return answer(frame, labels)


@pytest.mark.data
@pytest.mark.parametrize("name", FROM_OPENML)
def test_openml_content_is_that_of_the_data_folder(
    data_home: Path, homes: Homes, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """OpenML's form of a table, once converted, has the data folder's rows."""
    card = datasets.describe(name)
    here = read(data_home / str(card.file), card)
    asked = let_openml_answer(monkeypatch, as_openml_has_it(name, data_home))

    table = datasets.load(name)

    assert asked == [card.origin.key]
    assert table.X.shape == here.X.shape
    assert dict(zip(*np.unique(table.y, return_counts=True), strict=True)) == dict(
        zip(*np.unique(here.y, return_counts=True), strict=True)
    )
    if card.origin.in_order:
        np.testing.assert_array_equal(table.X, here.X)


@pytest.mark.data
def test_rows_that_the_catalogue_leaves_out(
    data_home: Path, homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of other classes, and rows with missing cells, are dropped."""
    fetched = as_openml_has_it("art/yeast", data_home)
    extra = fetched.data.iloc[:2]
    unknown = fetched.data.iloc[:1].assign(**{"column 0": np.nan})
    labels = fetched.target.astype(str)
    let_openml_answer(
        monkeypatch,
        answer(
            pd.concat([extra, fetched.data, unknown], ignore_index=True),
            pd.Series(["ERL", "ERL", *labels, labels.iloc[0]]),
        ),
    )

    assert datasets.load("art/yeast").X.shape == (1479, 8)
