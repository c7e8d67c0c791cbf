"""Public origins: real downloads from a server on this machine, and what goes wrong."""

# SPDX-License-Identifier: BSD-3-Clause

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.conftest import Homes, Web
from trimtab import datasets
from trimtab.datasets import origins
from trimtab.datasets.catalogue import Card, Origin
from trimtab.datasets.data_files import content_digest, locate, read
from trimtab.datasets.origins import Archive, download, fetch
from trimtab.exceptions import InputError

X = np.array([[0.1, 2.0], [3.0, 4.0], [5.0, 6.0]])
CODES = np.array([0, 1, 0])


def tiny(kind: str, **fields: object) -> Card:
    """Return the card of three rows and two columns from an origin of this kind."""
    key = fields.pop("key", "x1data.npz")
    content = fields.pop("content", None)
    card = Card(
        name="group/tiny",
        summary="Three rows.",
        target="kind",
        source="this test",
        licence="none",
        origin=Origin(kind, key, content),  # type: ignore[arg-type]
        features=2,
        classes=(0, 1),
        counts=(2, 1),
        positive=1,
        file="group/tiny.npz",
        sha256="0" * 64,
    )
    return replace(card, **fields)  # type: ignore[arg-type]


def tar_of(members: dict[str, bytes]) -> bytes:
    """Return an archive, hardly compressed: that would take the longest of all."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def zenodo_member(X: np.ndarray, codes: np.ndarray) -> bytes:
    """Return a data set as imbalanced-learn's archive holds it."""
    buffer = io.BytesIO()
    np.savez(buffer, data=X, label=2 * codes - 1)
    return buffer.getvalue()


def serve(
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    content: bytes,
    checksum: str | None,
) -> None:
    """Let the origin of this kind be a file on this machine."""
    (web.folder / "archive").write_bytes(content)
    archive = Archive(f"{web.url}/archive", checksum, origins.ARCHIVES[kind].read)
    monkeypatch.setitem(origins.ARCHIVES, kind, archive)


def all_files(folder: Path) -> list[str]:
    """Return the files below a folder."""
    return sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()
    )


def test_download_with_right_checksum(homes: Homes, web: Web) -> None:
    """A file with the right checksum arrives, and is not asked for again."""
    (web.folder / "file.bin").write_bytes(b"content")
    checksum = f"sha256:{hashlib.sha256(b'content').hexdigest()}"

    path = download(f"{web.url}/file.bin", checksum)

    assert path.read_bytes() == b"content"
    (web.folder / "file.bin").unlink()
    assert download(f"{web.url}/file.bin", checksum) == path
    assert all_files(homes.cache) == ["downloads/file.bin"]


def test_download_with_wrong_checksum_leaves_nothing(homes: Homes, web: Web) -> None:
    """A file with another checksum is an error, and nothing of it is kept."""
    (web.folder / "file.bin").write_bytes(b"something else")

    with pytest.raises(InputError, match=r"file\.bin sent is not the file") as caught:
        download(f"{web.url}/file.bin", f"sha256:{'0' * 64}")
    assert "\n" not in str(caught.value)
    assert all_files(homes.cache) == []


@pytest.mark.parametrize("problem", ["no such page", "no server"])
def test_download_that_fails(homes: Homes, web: Web, problem: str) -> None:
    """A missing page and a missing server are errors of the system, without traces."""
    url = web.url if problem == "no such page" else "http://127.0.0.1:9"

    with pytest.raises(OSError):  # noqa: PT011 (requests' own, of several kinds)
        download(f"{url}/nothing", None)
    assert all_files(homes.cache) == []


def test_fetch_from_zenodo(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set of imbalanced-learn's archive lands in the cache in our layout."""
    members = {"./x11data.npz": b"", "./x1data.npz": zenodo_member(X, CODES)}
    serve(web, monkeypatch, "zenodo", tar_of(members), None)
    card = tiny("zenodo", content=content_digest(X, CODES))

    path = fetch(card)

    assert path == locate(card) == homes.cache / "group" / "tiny.npz"
    table = read(path, card)
    np.testing.assert_array_equal(table.X, X.astype(np.float32))
    np.testing.assert_array_equal(table.y, CODES)
    assert all_files(homes.cache) == [
        "downloads/archive", "group/tiny.npz", "group/tiny.npz.sha256"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"content": "f" * 64}, "gave other values than the known ones"),
        ({"features": 3}, "gave 2 columns"),
        ({"counts": (1, 2)}, "has changed"),
        ({"key": "x2data.npz"}, r"cannot be read \(KeyError\)"),
    ],
)
def test_other_content_than_known_is_refused(
    homes: Homes,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, object],
    message: str,
) -> None:
    """Other values, another shape, other classes: an error, and nothing is kept."""
    content = tar_of({"x1data.npz": zenodo_member(X, CODES)})
    serve(web, monkeypatch, "zenodo", content, None)

    with pytest.raises(InputError, match=message) as caught:
        fetch(tiny("zenodo", **fields))
    assert "\n" not in str(caught.value)
    assert all_files(homes.cache) == []


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Please log in</html>",
        tar_of({"x1data.npz": zenodo_member(X, CODES)})[:200],
        tar_of({"x1data.npz": b"no archive of arrays"}),
    ],
    ids=["page", "cut short", "no arrays"],
)
def test_damaged_archive_is_refused(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """What is no archive, or half of one, is an error, and nothing is kept."""
    serve(web, monkeypatch, "zenodo", content, None)

    with pytest.raises(InputError, match="cannot be read"):
        fetch(tiny("zenodo"))
    assert all_files(homes.cache) == []


def test_unpickling_is_refused(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive with pickled objects executes nothing."""
    member = zenodo_member(np.array([[{}]]), np.array([1]))
    serve(web, monkeypatch, "zenodo", tar_of({"x1data.npz": member}), None)

    with pytest.raises(InputError, match="cannot be read"):
        fetch(tiny("zenodo"))


def test_offline_says_what_was_wanted_and_where(
    homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without net: the file, both folders and the origin, in one line."""
    archive = origins.ARCHIVES["zenodo"]._replace(url="http://127.0.0.1:9/archive")
    monkeypatch.setitem(origins.ARCHIVES, "zenodo", archive)

    with pytest.raises(InputError) as caught:
        datasets.load("mammography")
    message = str(caught.value)
    for part in (
        "imblearn27/mammography.npz",
        f"TRIMTAB_DATA ({homes.data})",
        f"the cache ({homes.cache})",
        "http://127.0.0.1:9/archive could not be reached",
    ):
        assert part in message
    assert "\n" not in message

    monkeypatch.delenv("TRIMTAB_DATA")
    with pytest.raises(InputError, match=r"TRIMTAB_DATA \(not set\)"):
        datasets.load("mammography")


def test_no_public_origin(homes: Homes) -> None:
    """Where nothing can be downloaded, the error says so."""
    with pytest.raises(InputError, match=r"art/imdb_minilm\.npz .* no public origin"):
        datasets.load("imdb_minilm")


def test_unwritable_cache(
    homes: Homes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A cache that cannot be written is told before anything is downloaded."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRIMTAB_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(origins, "download", None)

    with pytest.raises(InputError, match="cannot write to"):
        datasets.load("mammography")


def kdd_line(service: str, logged_in: int, sent: int, label: str) -> str:
    """Return a line of KDD Cup 1999's file."""
    cells = ["0"] * 42
    cells[2], cells[4], cells[5] = service, str(sent), "7"
    cells[11], cells[41] = str(logged_in), label
    return ",".join(cells)


def test_fetch_from_kdd99(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logged-in connections of the one service are read, and three columns logged."""
    lines = [
        kdd_line("http", 1, 10, "normal."),
        kdd_line("http", 0, 11, "normal."),
        kdd_line("http_443", 1, 12, "normal."),
        kdd_line("http", 1, 20, "back."),
        kdd_line("smtp", 1, 13, "back."),
        kdd_line("http", 1, 30, "normal."),
    ]
    content = gzip.compress("\n".join([*lines, ""]).encode())
    checksum = f"sha256:{hashlib.sha256(content).hexdigest()}"
    serve(web, monkeypatch, "kdd99", content, checksum)
    card = tiny("kdd99", key="http", features=3)

    table = read(fetch(card), card)

    assert table.y.tolist() == [0, 1, 0]
    raw = np.array([[0, 10, 7], [0, 20, 7], [0, 30, 7]])
    np.testing.assert_allclose(table.X, np.log(raw + 0.1), rtol=1e-6)


def test_fetch_from_covertype(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Classes 2 and 4 are kept, with the ten numeric columns."""
    rows = np.zeros((5, 55), dtype=int)
    rows[:, :10] = np.arange(50).reshape(5, 10)
    rows[:, 54] = [2, 1, 4, 2, 7]
    lines = "\n".join(",".join(map(str, row)) for row in rows)
    serve(web, monkeypatch, "covertype", gzip.compress(lines.encode()), None)
    card = tiny("covertype", features=10)

    table = read(fetch(card), card)

    assert table.y.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(table.X, rows[[0, 2, 3], :10])


def test_fetch_of_reviews(
    homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reviews come in the order of part, label and number, and keep their text."""
    members = {
        "aclImdb/test/pos/0_10.txt": b"d",
        "aclImdb/train/pos/3_9.txt": "c é\n".encode(),
        "aclImdb/train/unsup/0_0.txt": b"no label",
        "aclImdb/train/neg/10_1.txt": b"b",
        "aclImdb/train/neg/9_2.txt": b'a "quoted"',
        "aclImdb/README": b"read me",
    }
    serve(web, monkeypatch, "imdb", tar_of(members), None)
    card = replace(
        tiny("imdb", counts=(2, 2), features=1),
        file="tiny.csv.gz",
        columns=("text",),
        target="label",
    )

    table = read(fetch(card), card)

    assert table.X["text"].tolist() == ['a "quoted"', "b", "c é\n", "d"]
    assert table.y.tolist() == [0, 0, 1, 1]


@pytest.mark.data
@pytest.mark.parametrize(
    "name", [n for n in datasets.list("imblearn27") if not n.endswith("protein_homo")]
)
def test_zenodo_content_is_that_of_the_data_folder(
    data_home: Path, homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the archive holds, once converted, is the data folder's table."""
    card = datasets.describe(name)
    here = read(data_home / str(card.file), card)
    member = zenodo_member(here.X.astype(np.float64), here.y)
    content = tar_of({str(card.origin.key): member})
    serve(web, monkeypatch, "zenodo", content, None)

    table = datasets.load(name)

    np.testing.assert_array_equal(table.X, here.X)
    np.testing.assert_array_equal(table.y, here.y)


@pytest.mark.data
def test_kdd99_content_is_that_of_the_data_folder(
    data_home: Path, homes: Homes, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The logarithms of the raw numbers are the data folder's, to the last bit."""
    card = datasets.describe("kdd99_smtp")
    here = read(data_home / str(card.file), card)
    raw = np.rint(np.exp(here.X.astype(float)) - 0.1).astype(int)
    lines = (
        f"{a},tcp,smtp,SF,{b},{c}" + ",0" * 5 + ",1" + ",0" * 29 + f",{label}"
        for (a, b, c), label in zip(
            raw, np.where(here.y == 1, "back.", "normal."), strict=True
        )
    )
    content = gzip.compress("\n".join(lines).encode(), compresslevel=1)
    serve(web, monkeypatch, "kdd99", content, None)

    table = datasets.load("kdd99_smtp")

    np.testing.assert_array_equal(table.X, here.X)
    np.testing.assert_array_equal(table.y, here.y)
