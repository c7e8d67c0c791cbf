"""Files: where they are looked for, what is accepted, how they are read and written."""

# SPDX-License-Identifier: BSD-3-Clause

import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.datasets.conftest import Homes
from trimtab.datasets.catalogue import Card, Origin
from trimtab.datasets.data_files import (
    cache_folder,
    content_digest,
    data_folder,
    frame_digest,
    locate,
    read,
    store,
)
from trimtab.exceptions import InputError

X = np.array([[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]])
CODES = np.array([0, 1, 0])


def card_of(content: bytes | None, **fields: object) -> Card:
    """Return the card of a small data set whose file has this content."""
    sha256 = None if content is None else hashlib.sha256(content).hexdigest()
    card = Card(
        name="group/tiny",
        summary="Three rows.",
        target="kind",
        source="this test",
        licence="none",
        origin=Origin("none"),
        features=2,
        classes=(0, 1),
        counts=(2, 1),
        positive=1,
        file="group/tiny.npz",
        sha256=sha256,
    )
    return replace(card, **fields)  # type: ignore[arg-type]


def npz(**arrays: np.ndarray) -> bytes:
    """Return the bytes of an .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def put(folder: Path, card: Card, content: bytes) -> Path:
    """Write a data set's file into one of the two folders."""
    path = folder / str(card.file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_data_folder_comes_before_the_cache(homes: Homes) -> None:
    """A file that is in both folders is read from the data folder."""
    content = npz(X=X, y=CODES)
    card = card_of(content)

    assert locate(card) is None
    in_cache = put(homes.cache, card, content)
    assert locate(card) == in_cache
    in_data = put(homes.data, card, content)
    assert locate(card) == in_data


@pytest.mark.parametrize("where", ["data", "cache"])
def test_wrong_checksum_is_refused(homes: Homes, where: str) -> None:
    """A file with other bytes is named with both checksums, in either folder."""
    card = card_of(npz(X=X, y=CODES))
    wrong = npz(X=X + 1, y=CODES)
    path = put(getattr(homes, where), card, wrong)

    with pytest.raises(InputError, match="is not the file of group/tiny") as caught:
        locate(card)
    message = str(caught.value)
    assert str(path) in message
    assert str(card.sha256) in message
    assert hashlib.sha256(wrong).hexdigest() in message
    assert "\n" not in message


def test_file_of_unknown_checksum_is_refused(homes: Homes) -> None:
    """Where no checksum is known, only what trimtab wrote itself is read."""
    card = card_of(None)
    path = put(homes.data, card, npz(X=X, y=CODES))

    with pytest.raises(InputError, match="one that trimtab made"):
        locate(card)
    path.unlink()
    stored = store(card, (X, CODES))
    assert locate(card) == stored


def test_stored_file_is_found_again_and_damage_is_seen(homes: Homes) -> None:
    """What was stored reads back; a changed byte is an error; no scraps stay."""
    card = card_of(b"another file of the same set")
    path = store(card, (X, CODES))

    assert path == homes.cache / "group" / "tiny.npz"
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "tiny.npz", "tiny.npz.sha256"
    ]  # fmt: skip
    table = read(path, card)
    np.testing.assert_array_equal(table.X, X)
    np.testing.assert_array_equal(table.y, CODES)

    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not the file"):
        locate(card)


def test_two_classes_are_read_as_zero_and_one(homes: Homes) -> None:
    """Small integers come back as float32, labels as 0 and 1."""
    card = card_of(None)
    path = put(homes.data, card, npz(X=X.astype(np.uint8), y=CODES.astype(np.int8)))

    table = read(path, card)

    assert table.X.dtype == np.float32
    assert table.y.tolist() == [0, 1, 0]
    assert table.y.dtype == np.int64
    assert table.description is card


def test_names_are_read_as_names(homes: Homes) -> None:
    """Codes of named classes come back as the names."""
    card = card_of(None, classes=("large", "small"))
    path = put(homes.data, card, npz(X=X, y=CODES))

    assert read(path, card).y.tolist() == ["large", "small", "large"]


def test_training_and_test_part_are_read_as_one(homes: Homes) -> None:
    """A file in two parts gives the training rows first, images as flat rows."""
    card = card_of(None)
    images = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    content = npz(
        x_train=images[:2], y_train=CODES[:2], x_test=images[2:], y_test=CODES[2:]
    )

    table = read(put(homes.data, card, content), card)

    np.testing.assert_array_equal(table.X, np.arange(12).reshape(3, 4))
    assert table.y.tolist() == [0, 1, 0]


def test_reading_executes_nothing(homes: Homes) -> None:
    """A file with pickled objects is not unpickled."""
    card = card_of(None)
    content = npz(X=np.array([[object()]]), y=np.array([0]))

    with pytest.raises(ValueError, match="allow_pickle=False"):
        read(put(homes.data, card, content), card)


def test_frame_is_stored_and_read(homes: Homes) -> None:
    """Text, numbers and missing cells survive; the target is no column of the table."""
    card = card_of(
        None,
        file="tiny.csv.gz",
        columns=("word", "number"),
        missing="?",
        classes=("no", "yes"),
        positive="yes",
    )
    frame = pd.DataFrame(
        {
            "number": [1, 2, 3],
            "word": ["NA", "?", 'a "b", c\nd'],
            "kind": ["no", "yes", "no"],
        }
    )

    table = read(store(card, frame), card)

    assert table.X.columns.tolist() == ["word", "number"]
    assert table.X["number"].tolist() == [1, 2, 3]
    assert table.X["word"].isna().tolist() == [False, True, False]
    assert table.X["word"].tolist()[::2] == ["NA", 'a "b", c\nd']
    assert table.y.tolist() == ["no", "yes", "no"]


def test_stored_bytes_do_not_depend_on_the_clock(homes: Homes) -> None:
    """The same content gives the same file."""
    card = card_of(None, file="tiny.csv.gz", columns=("a",))
    frame = pd.DataFrame({"a": [1, 2], "kind": [0, 1]})

    first = store(card, frame).read_bytes()

    assert store(card, frame).read_bytes() == first


def test_content_digest_sees_values_and_order() -> None:
    """Types do not matter, values, labels and (unless told) the order do."""
    known = content_digest(X, CODES)
    turned = np.array([2, 0, 1])

    assert content_digest(X.astype(np.float32), CODES.astype(np.int8)) == known
    assert content_digest(X + 1e-12, CODES) == known  # float32 does not see it
    assert content_digest(X + 1e-3, CODES) != known
    assert content_digest(X, 1 - CODES) != known
    assert content_digest(X[turned], CODES[turned]) != known
    assert content_digest(X[turned], CODES[turned], in_order=False) == content_digest(
        X, CODES, in_order=False
    )
    assert content_digest(-0.0 * X, CODES) == content_digest(0.0 * X, CODES)


def test_frame_digest_sees_values_and_order() -> None:
    """A frame's rows count with or without their order."""
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    turned = frame.iloc[::-1]

    assert frame_digest(frame) != frame_digest(turned)
    assert frame_digest(frame, in_order=False) == frame_digest(turned, in_order=False)


def test_folders_without_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without variables there is no data folder, and the cache is the platform's."""
    import pooch

    monkeypatch.delenv("TRIMTAB_DATA", raising=False)
    monkeypatch.delenv("TRIMTAB_CACHE")
    assert data_folder() is None
    assert cache_folder() == Path(pooch.os_cache("trimtab"))

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TRIMTAB_DATA", "~/sets")
    assert data_folder() == tmp_path / "sets"


def test_missing_pandas_is_told(homes: Homes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas, a frame's data set says which extra brings it."""
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    card = card_of(None, file="tiny.csv.gz", columns=("a",))

    with pytest.raises(ImportError, match=re.escape("pip install 'trimtab[compare]'")):
        read(put(homes.data, card, b""), card)
