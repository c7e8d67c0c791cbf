"""Public origins: what is not on this machine is fetched, checked and cached."""

# SPDX-License-Identifier: BSD-3-Clause

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import numpy as np

from trimtab.datasets.catalogue import Card
from trimtab.datasets.data_files import (
    Table,
    cache_folder,
    content_digest,
    data_folder,
    frame_digest,
    import_pandas,
    store,
)
from trimtab.datasets.openml import as_arrays, as_frame, fetch_frame
from trimtab.exceptions import InputError
from trimtab.files import check_writable

__all__ = ["ARCHIVES", "Archive", "download", "fetch", "load_bundled"]

TIMEOUT = 30
"""Seconds without a byte after which a download is given up."""
BROKEN = (
    EOFError,
    KeyError,
    OSError,
    ValueError,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a damaged archive raises."""


class Archive(NamedTuple):
    """A file that is downloaded as it is.

    Attributes
    ----------
    url : str
        Where from.
    checksum : str or None
        ``"md5:..."`` or ``"sha256:..."``. None where none was ever published; then
        what is inside is checked.
    read : callable
        ``read(path, card)`` returns ``(X, codes)`` or a DataFrame.
    """

    url: str
    checksum: str | None
    read: Callable[[Path, Card], Any]


def fetch(card: Card) -> Path:
    """Fetch a data set from its public origin into the cache.

    Parameters
    ----------
    card : Card
        A data set that is kept in a file.

    Returns
    -------
    Path
        The file in the cache, in the layout of the data folder.

    Raises
    ------
    InputError
        Where there is no public origin, where it cannot be reached, or where it gives
        something else than the data set.
    """
    kind = card.origin.kind
    if kind == "none":
        raise InputError(_not_here(card, "it has no public origin"))
    if card.columns:
        import_pandas()  # before anything is downloaded in vain
    check_writable(cache_folder())
    content = _from_openml(card) if kind == "openml" else _from_archive(card)
    return store(card, content)


def _not_here(card: Card, why: str) -> str:
    return (
        f"{card.file} is neither in TRIMTAB_DATA ({data_folder() or 'not set'}) nor in "
        f"the cache ({cache_folder()}), and {why}: put the file into one of the two"
    )


def _unreachable(card: Card, url: str, error: Exception) -> InputError:
    why = f"{url} could not be reached ({type(error).__name__})"
    return InputError(_not_here(card, why))


def _from_openml(card: Card) -> Any:
    try:
        fetched = fetch_frame(int(card.origin.key or 0))
    except OSError as error:
        url = f"https://www.openml.org/d/{card.origin.key}"
        raise _unreachable(card, url, error) from error
    return _checked(card, (as_frame if card.columns else as_arrays)(card, fetched))


def _from_archive(card: Card) -> Any:
    archive = ARCHIVES[card.origin.kind]
    try:
        path = download(archive.url, archive.checksum)
    except OSError as error:
        raise _unreachable(card, archive.url, error) from error
    try:
        return _checked(card, archive.read(path, card))
    except InputError:
        path.unlink(missing_ok=True)  # else the next try would find the same again
        raise
    except BROKEN as error:
        path.unlink(missing_ok=True)
        raise InputError(
            f"what {archive.url} sent for {card.name} cannot be read "
            f"({type(error).__name__}): try again"
        ) from error


def download(url: str, checksum: str | None) -> Path:
    """Download a file to the cache, unless it is there with the right checksum.

    Parameters
    ----------
    url : str
        Where from.
    checksum : str or None
        ``"md5:..."`` or ``"sha256:..."``.

    Returns
    -------
    Path
        The file; it is there whole or not at all.

    Raises
    ------
    OSError
        Where the net does not give it.
    InputError
        Where its checksum is wrong; nothing is kept then.
    """
    import pooch

    try:
        path = pooch.retrieve(
            url,
            known_hash=checksum,
            fname=PurePosixPath(url).name,
            path=cache_folder() / "downloads",
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
        )
    except ValueError as error:
        raise InputError(
            f"what {url} sent is not the file with {checksum}: try again, or fetch it "
            "by other means"
        ) from error
    return Path(path)


def _checked(card: Card, content: Any) -> Any:
    """Return the content if it is the catalogue's data set."""
    origin = card.origin
    if card.columns:
        found = content[card.target].value_counts()
        counts = tuple(int(found.get(label, 0)) for label in card.classes)
        n_columns = len({*card.columns} & {*content.columns})
        digest = frame_digest(content, in_order=origin.in_order)
    else:
        X, codes = content
        counts = tuple(np.bincount(codes, minlength=len(card.classes)).tolist())
        n_columns = X.shape[1]
        digest = content_digest(X, codes, in_order=origin.in_order)
    if counts != card.counts or n_columns != card.features:
        raise InputError(
            f"the public origin of {card.name} gave {n_columns} columns and {counts} "
            f"rows of its classes, not {card.features} and {card.counts}: "
            "it has changed; use the file of the data folder"
        )
    if origin.content not in (None, digest):
        raise InputError(
            f"the public origin of {card.name} gave other values than the known ones "
            f"(their SHA-256 is {digest}): use the file of the data folder"
        )
    return content


def _read_zenodo(path: Path, card: Card) -> Any:
    """Read one of imbalanced-learn's 27 sets; its labels are -1 and 1."""
    with tarfile.open(path) as archive:
        for member in archive:
            if PurePosixPath(member.name).name == card.origin.key:
                file = archive.extractfile(member)
                data = file.read() if file else b""
                break
        else:
            raise KeyError(card.origin.key)
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return arrays["data"], (arrays["label"] == 1).astype(np.int64)


def _read_kdd99(path: Path, card: Card) -> Any:
    """Read the logged-in connections of one service.

    The lines are looked at one by one: all of them at once, as
    `sklearn.datasets.fetch_kddcup99` takes them, need more memory than many machines
    have.
    """
    rows, is_attack = [], []
    with gzip.open(path, "rt", encoding="ascii") as lines:
        for line in lines:
            cells = line.rstrip().split(",")
            if cells[2] == card.origin.key and cells[11] == "1":
                rows.append((cells[0], cells[4], cells[5]))
                is_attack.append(cells[41] != "normal.")
    durations_and_bytes = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return np.log(durations_and_bytes + 0.1), np.array(is_attack, dtype=np.int64)


def _read_covertype(path: Path, card: Card) -> Any:
    """Read the numeric columns of classes 2 and 4."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        table = np.loadtxt(
            lines, delimiter=",", usecols=(*range(10), 54), dtype=np.int32
        )
    cover = table[:, 10]
    kept = np.isin(cover, (2, 4))
    return table[kept, :10], (cover[kept] == 4).astype(np.int64)


def _read_imdb(path: Path, card: Card) -> Any:
    """Read the labelled reviews, sorted by part, label and number."""
    reviews = []
    with tarfile.open(path) as archive:
        for member in archive:
            place = PurePosixPath(member.name).parts
            # aclImdb/train/pos/0_9.txt is review 0 with rating 9.
            if len(place) != 4 or place[2] not in ("neg", "pos"):
                continue
            file = archive.extractfile(member)
            number, _, rating = place[3].removesuffix(".txt").partition("_")
            text = file.read().decode() if file else ""
            is_test, is_positive = place[1] == "test", int(place[2] == "pos")
            reviews.append((is_test, is_positive, int(number), int(rating), text))
    frame = import_pandas().DataFrame(
        sorted(reviews), columns=["split", "label", "number", "rating", "text"]
    )
    frame["split"] = frame["split"].map({False: "train", True: "test"})
    return frame[["split", "label", "rating", "text"]]


ARCHIVES = {
    "zenodo": Archive(
        "https://zenodo.org/record/61452/files/benchmark-imbalanced-learn.tar.gz",
        None,
        _read_zenodo,
    ),
    "kdd99": Archive(
        "https://ndownloader.figshare.com/files/5976045",
        "sha256:3b6c942aa0356c0ca35b7b595a26c89d343652c9db428893e7494f837b274292",
        _read_kdd99,
    ),
    "covertype": Archive(
        "https://ndownloader.figshare.com/files/5976039",
        "sha256:614360d0257557dd1792834a85a1cdebfadc3c4f30b011d56afee7ffb5b15771",
        _read_covertype,
    ),
    "imdb": Archive(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        "md5:7c2ac02c03563afcf9b574c7e56c153a",
        _read_imdb,
    ),
}
"""What can be downloaded as a file. The checksums of KDD Cup and Covertype are those
that scikit-learn publishes for the same addresses, the reviews' is torchtext's."""


def load_bundled(card: Card) -> Table:
    """Load a data set that ships with scikit-learn."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{card.origin.key}")()
    if card.origin.key == "digits":
        codes = bunch.target == 8
    elif card.origin.key == "breast_cancer":
        codes = bunch.target == 0
    else:
        codes = bunch.target
    y = np.array(card.classes)[codes.astype(np.int64)]
    return Table(bunch.data.astype(np.float32), y, card)
