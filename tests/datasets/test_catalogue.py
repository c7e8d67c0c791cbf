"""The catalogue: names, what is known of each, and the errors of a wrong name."""

# SPDX-License-Identifier: BSD-3-Clause

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab import datasets
from trimtab.exceptions import InputError

ALL = datasets.list()


def test_every_set_of_the_27_is_listed() -> None:
    """The group of imbalanced-learn has all the names of its own table."""
    from imblearn.datasets._zenodo import MAP_NAME_ID_KEYS

    assert datasets.list("imblearn27") == [f"imblearn27/{n}" for n in MAP_NAME_ID_KEYS]


def test_zenodo_names_are_those_of_imbalanced_learn() -> None:
    """The member of the archive is the one that imbalanced-learn reads."""
    from imblearn.datasets import _zenodo

    from trimtab.datasets.origins import ARCHIVES

    assert ARCHIVES["zenodo"].url == _zenodo.URL
    for name, number in _zenodo.MAP_NAME_ID.items():
        key = datasets.describe(f"imblearn27/{name}").origin.key
        assert key == f"{_zenodo.PRE_FILENAME}{number}{_zenodo.POST_FILENAME}"


def test_archives_are_those_of_scikit_learn() -> None:
    """Addresses and checksums of KDD Cup and Covertype are scikit-learn's."""
    from sklearn.datasets import _covtype, _kddcup99

    from trimtab.datasets.origins import ARCHIVES

    for name, theirs in (("kdd99", _kddcup99), ("covertype", _covtype)):
        archive = ARCHIVES[name]
        assert archive.url == theirs.ARCHIVE.url
        assert archive.checksum == f"sha256:{theirs.ARCHIVE.checksum}"


@pytest.mark.parametrize("name", ALL)
def test_card_is_complete(name: str) -> None:
    """Each card says all that a user must know, and its parts fit together."""
    card = datasets.describe(name)

    assert all([card.summary, card.target, card.source, card.licence, card.features])
    assert "\n" not in card.summary
    assert len(card.classes) == len(card.counts) == len(set(card.classes))
    assert min(card.counts) > 0
    assert card.rows == sum(card.counts)
    if len(card.classes) == 2:
        assert card.positive == card.classes[1]
    else:
        assert card.positive is None
    if card.sha256 is not None:
        assert re.fullmatch("[0-9a-f]{64}", card.sha256)
    for theirs, ours in card.origin.labels.items():
        assert isinstance(theirs, str)
        assert ours in card.classes
    if card.origin.kind == "openml":
        assert set(card.origin.labels.values()) == set(card.classes)
        assert card.origin.content


@pytest.mark.data
def test_catalogue_knows_every_file_of_the_data_folder(data_home: Path) -> None:
    """No file of the folder is without a name, and no other file is expected."""
    there = {
        path.relative_to(data_home).as_posix()
        for path in data_home.rglob("*")
        if path.name.endswith((".npz", ".csv.gz"))
    }
    known = {datasets.describe(name).file for name in ALL} - {None}

    assert known == there | {"imblearn27/protein_homo.npz"}


def test_known_numbers_of_a_card() -> None:
    """Rows and imbalance are those of the published table."""
    card = datasets.describe("mammography")

    assert card.name == "imblearn27/mammography"
    assert (card.rows, card.features) == (11183, 6)
    assert card.imbalance == pytest.approx(10923 / 260)


@pytest.mark.parametrize(
    ("bare", "full"),
    [
        ("mammography", "imblearn27/mammography"),
        ("digits8", "sklearn/digits8"),
        ("wine", "sklearn/wine"),
        ("kdd99_http", "large/kdd99_http"),
        ("art/yeast", "art/yeast"),
        ("adult", "adult"),
        ("openml/1590", "openml/1590"),
    ],
)
def test_name_without_group_is_found(bare: str, full: str) -> None:
    """A name that only one group has needs no group."""
    assert datasets.describe(bare).name == full


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ecoli", "ambiguous: say 'imblearn27/ecoli' or 'autosmote8/ecoli'"),
        ("yeast", "ambiguous: say 'art/yeast' or 'autosmote8/yeast'"),
        ("car_eval", None),
        ("mamography", "did you mean 'mammography'"),
        ("openml/adult", "give OpenML's number"),
        ("openml/0", "give OpenML's number"),
        ("", "known are"),
    ],
)
def test_wrong_name_is_one_line_with_the_cure(name: str, message: str | None) -> None:
    """An ambiguous name gets its candidates, an unknown one its nearest."""
    if message is None:
        assert datasets.describe(name).name == "autosmote8/car_eval"
        return
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        datasets.describe(name)
    assert "\n" not in str(caught.value)
    assert repr(name) in str(caught.value)


def test_unknown_group() -> None:
    """A group that is not there gets the nearest names."""
    with pytest.raises(InputError, match="did you mean 'imblearn27'"):
        datasets.list("imblearn")


def test_card_prints_what_a_reader_wants() -> None:
    """Printed, a card shows size, classes, licence and file."""
    text = str(datasets.describe("art/yeast"))

    for part in ("1,479 rows, 8 columns", "CYT (463)", "23.15:1", "CC BY 4.0"):
        assert part in text
    assert "positive" not in text  # more than two classes
    assert "known once it is loaded" in str(datasets.describe("openml/37"))


def test_import_is_cheap() -> None:
    """Importing the data sets, and asking what there is, loads nothing heavy."""
    code = (
        "import json, sys; from trimtab import datasets;"
        "datasets.describe(datasets.list()[0]); print(json.dumps(list(sys.modules)))"
    )
    modules = json.loads(subprocess.check_output([sys.executable, "-c", code]))

    assert not {"sklearn", "pandas", "imblearn", "scipy", "pooch"} & {*modules}
