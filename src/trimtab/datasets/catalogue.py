"""The data sets that are known by name, and what is known of each."""

# SPDX-License-Identifier: BSD-3-Clause

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from trimtab.exceptions import InputError, nearest_names

__all__ = ["Card", "Origin", "find", "list_names"]

Label = str | int

_INHERITED = {"features", "classes", "positive", "target", "source", "licence"}


@dataclass(frozen=True)
class Origin:
    """Where a data set can be had from the net, and how to recognise it.

    Attributes
    ----------
    kind : str
        ``"zenodo"``, ``"openml"``, ``"kdd99"``, ``"covertype"``, ``"imdb"``,
        ``"scikit-learn"`` (nothing to download), ``"derived"`` (drawn from another
        data set whenever it is loaded) or ``"none"`` (nothing can be).
    key : str, int or None
        Which of its kind: OpenML's id, the name inside the archive, the data set that
        a derived one is drawn from.
    content : str or None
        Checksum of the values, see `trimtab.datasets.data_files.content_digest`.
        None where only the rows of each class can be checked.
    in_order : bool
        Whether the origin gives the rows in the order of the data folder's file.
    labels : mapping of str to label
        The origin's name of each class. Rows of other classes are left out.
    levels : tuple of tuple of str
        Per column its categories by rank, where the file holds the ranks.
    recipe : mapping of str to number
        How a derived set is drawn: ``seed``; ``ratio`` of two classes, ``balanced`` to
        thin the larger class to the size of the other, or ``factor`` and ``largest`` of
        a long tail; ``at_least`` so many rows in a class that stays; ``first`` where
        only so many rows of the parent are drawn from, and ``complete`` where only
        those without a missing cell are; ``scale``, by which values are divided.
    """

    kind: str
    key: str | int | None = None
    content: str | None = None
    in_order: bool = True
    labels: Mapping[str, Label] = field(default_factory=dict)
    levels: tuple[tuple[str, ...], ...] = ()
    recipe: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """What is known of a data set without loading it.

    Attributes
    ----------
    name : str
        ``"group/name"``.
    summary : str
        What it is, in one line.
    target : str
        What the labels say, as the name of a column.
    source : str
        The original.
    licence : str
        The terms as far as they are known.
    deviation : str
        How it differs from the original or the paper's version; empty if it does not.
    features : int or None
        Columns of the table, or pixels of an image. None for a set of OpenML that was
        not loaded yet.
    classes : tuple of str or int
        The labels.
    counts : tuple of int
        Rows of each class.
    positive : str, int or None
        The class of interest; None where there are more than two classes.
    file : str or None
        The file below the data folder or the cache; None where there is none.
    sha256 : str or None
        The checksum of that file.
    columns : tuple of str
        The columns of the table where it is a DataFrame, in order.
    missing : str or None
        How a missing cell is written in the file.
    shape : tuple of int
        Of images the height and width, which the rows of ``X`` have; empty for tables.
    origin : Origin
        Where it can be had from the net.
    """

    name: str
    summary: str
    target: str
    source: str
    licence: str
    origin: Origin = field(compare=False, repr=False)
    deviation: str = ""
    features: int | None = None
    classes: tuple[Label, ...] = ()
    counts: tuple[int, ...] = ()
    positive: Label | None = None
    file: str | None = None
    sha256: str | None = field(default=None, repr=False)
    columns: tuple[str, ...] = ()
    missing: str | None = None
    shape: tuple[int, ...] = ()

    @property
    def rows(self) -> int | None:
        """Number of rows; None where it is not known yet."""
        return sum(self.counts) if self.counts else None

    @property
    def imbalance(self) -> float | None:
        """Rows of the largest class for each row of the smallest."""
        return max(self.counts) / min(self.counts) if self.counts else None

    def __str__(self) -> str:
        lines = [self.name, self.summary, ""]
        return "\n".join(
            [*lines, *(f"{key:<11}{text}" for key, text in self._facts() if text)]
        )

    def _facts(self) -> list[tuple[str, str]]:
        size = ""
        if self.shape:
            size = f"{self.rows:,} images of {' x '.join(map(str, self.shape))} pixels"
        elif self.counts:
            size = f"{self.rows:,} rows, {self.features:,} columns"
        counts = [
            f"{c} ({n:,})" for c, n in zip(self.classes, self.counts, strict=True)
        ]
        shown = ", ".join(counts[:12]) + (", ..." if len(counts) > 12 else "")
        return [
            ("size", size or "known once it is loaded"),
            ("classes", shown),
            ("imbalance", f"{self.imbalance:.4g}:1" if self.imbalance else ""),
            ("target", self.target),
            ("positive", "" if self.positive is None else str(self.positive)),
            ("source", self.source),
            ("drawn from", str(self.origin.key) if self.origin.recipe else ""),
            ("licence", self.licence),
            ("deviation", self.deviation),
            ("file", self.file or ""),
        ]


@cache
def _cards() -> dict[str, Card]:
    text = (files("trimtab.datasets") / "catalogue.toml").read_text(encoding="utf-8")
    entries = tomllib.loads(text)
    return {name: _card(name, _whole(entries, name)) for name in entries}


def _whole(entries: dict[str, Any], name: str) -> dict[str, Any]:
    """Return an entry; a derived one says only where it differs from its parent."""
    entry: dict[str, Any] = entries[name]
    if entry["origin"]["kind"] != "derived":
        return entry
    parent = _whole(entries, entry["origin"]["key"])
    return {key: value for key, value in parent.items() if key in _INHERITED} | entry


def _card(name: str, entry: dict[str, Any]) -> Card:
    fields = {key: _frozen(value) for key, value in entry.items() if key != "origin"}
    origin = {key: _frozen(value) for key, value in entry["origin"].items()}
    return Card(name=name, origin=Origin(**origin), **fields)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def list_names(group: str | None = None) -> list[str]:
    """Return the names of the data sets.

    Parameters
    ----------
    group : str, default=None
        Only those of this group, such as ``"imblearn27"``. Sets of OpenML are not
        listed: each is there as ``"openml/ID"``.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        Where there is no such group.

    Examples
    --------
    >>> list_names("sklearn")
    ['sklearn/digits8', 'sklearn/breast_cancer', 'sklearn/wine']
    """
    names = list(_cards())
    groups = {name.partition("/")[0] for name in names}
    if group is not None and group not in groups:
        raise InputError(f"no group {group!r}: {nearest_names(group, groups)}")
    return [name for name in names if group in (None, name.partition("/")[0])]


def find(name: str) -> Card:
    """Return what is known of a data set; nothing is downloaded.

    Parameters
    ----------
    name : str
        ``"group/name"``, the name alone where no other group has the same, or
        ``"openml/ID"``.

    Returns
    -------
    Card
        The record; printing it shows it.

    Raises
    ------
    InputError
        Where the name is unknown (the nearest are named) or stands for several.

    Examples
    --------
    >>> card = find("mammography")
    >>> card.name, card.rows, round(card.imbalance)
    ('imblearn27/mammography', 11183, 42)
    """
    cards = _cards()
    if name in cards:
        return cards[name]
    if name.startswith("openml/"):
        return _openml_card(name)
    same = [full for full in cards if full.rpartition("/")[2] == name]
    if len(same) == 1:
        return cards[same[0]]
    if same:
        candidates = " or ".join(map(repr, same))
        raise InputError(f"data set {name!r} is ambiguous: say {candidates}")
    known = {*cards, *(full.rpartition("/")[2] for full in cards)}
    raise InputError(f"no data set {name!r}: {nearest_names(name, known)}")


def _openml_card(name: str) -> Card:
    if not re.fullmatch(r"openml/[1-9][0-9]*", name):
        raise InputError(
            f"no data set {name!r}: give OpenML's number of it, such as 'openml/1590'"
        )
    number = int(name.partition("/")[2])
    return Card(
        name=name,
        summary=f"Number {number} of OpenML.",
        target="OpenML's default target",
        source=f"https://www.openml.org/d/{number}",
        licence="see there",
        origin=Origin("openml", number),
    )
