"""What a paper reports and claims, as a suite's file has it."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

from trimtab.exceptions import InputError, nearest_names
from trimtab.metrics import MEASURES, find_measure

__all__ = ["PAPERS", "PaperClaim", "PaperValue", "parse_claims", "parse_values"]

PAPERS = ("ART", "MESA", "Explicit Gradient", "AutoSMOTE")
"""The four papers whose systems trimtab has."""


@dataclass(frozen=True)
class PaperValue:
    """A number that the paper reports.

    Attributes
    ----------
    dataset, method, metric : str
        What for; `method` is an entry's label.
    mean : float
        The paper's mean.
    sd : float or None
        Its standard deviation, where the paper gives one.
    p_t, p_wilcoxon : float or None
        What the paper's paired tests of the suite's reference against this method
        gave: the p-values of the t-test and of Wilcoxon's signed-rank test.
    """

    dataset: str
    method: str
    metric: str
    mean: float
    sd: float | None = None
    p_t: float | None = None
    p_wilcoxon: float | None = None


@dataclass(frozen=True)
class PaperClaim:
    """Something that a paper says of a method, and that a suite can bear out.

    Attributes
    ----------
    paper : str
        Whose claim it is, such as ``"MESA"``.
    where : str
        Where the paper says it.
    text : str
        The claim in our words.
    method : str
        The label of the entry that it is about.
    over : tuple of str
        Entries, by label or pattern, that the method is claimed to lead; empty where
        the claim is the method's score itself.
    datasets : tuple of str
        The data sets that it is claimed for.
    metrics : tuple of str
        The measures that it is claimed in.
    """

    paper: str
    where: str
    text: str
    method: str
    over: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    def rivals(self, labels: Iterable[str]) -> list[str]:
        """Return those of the labels that the method is claimed to lead."""
        return [
            label
            for label in labels
            if label != self.method and any(fnmatch(label, one) for one in self.over)
        ]


def parse_values(
    values: Iterable[dict[str, Any]], labels: Iterable[str]
) -> tuple[PaperValue, ...]:
    """Return the paper's numbers of a suite's file.

    Parameters
    ----------
    values : iterable of dict
        Its tables ``[[paper]]``.
    labels : iterable of str
        The suite's entries.

    Raises
    ------
    InputError
        Where a method or a data set is unknown.
    """
    labels = [*labels]
    return tuple(_value(value, labels) for value in values)


def _value(value: dict[str, Any], labels: list[str]) -> PaperValue:
    from trimtab import datasets

    given = PaperValue(**value)
    if given.method not in labels:
        raise InputError(
            f"paper: no method {given.method!r} in the suite: "
            f"{nearest_names(given.method, labels)}"
        )
    return replace(given, dataset=datasets.describe(given.dataset).name)


def parse_claims(
    values: Iterable[dict[str, Any]],
    labels: Iterable[str],
    datasets: Sequence[str],
    metric: str,
) -> tuple[PaperClaim, ...]:
    """Return the claims of a suite's file.

    Parameters
    ----------
    values : iterable of dict
        Its tables ``[[claim]]``.
    labels : iterable of str
        The suite's entries.
    datasets : sequence of str
        The suite's data sets, for claims that name none.
    metric : str
        The suite's measure, likewise.

    Raises
    ------
    InputError
        Where a method, a measure or a data set is unknown.
    """
    labels = [*labels]
    return tuple(_claim(value, labels, datasets, metric) for value in values)


def _claim(
    value: dict[str, Any], labels: list[str], datasets: Sequence[str], metric: str
) -> PaperClaim:
    from trimtab import datasets as catalogue

    named = tuple(catalogue.describe(name).name for name in value.get("datasets", ()))
    metrics = tuple(value.get("metrics", (metric,)))
    claim = PaperClaim(
        **value
        | {
            "over": tuple(value.get("over", ())),
            "datasets": named or tuple(datasets),
            "metrics": metrics,
        }
    )
    for name in metrics:
        if find_measure(name) is None:
            raise InputError(
                f"claim: no metric {name!r}: {nearest_names(name, MEASURES)}"
            )
    for pattern in (claim.method, *claim.over):
        if not any(fnmatch(label, pattern) for label in labels):
            raise InputError(
                f"claim: no method {pattern!r} in the suite: "
                f"{nearest_names(pattern, labels)}"
            )
    for name in named:
        if name not in datasets:
            raise InputError(
                f"claim: the suite has no data set {name!r}: "
                f"{nearest_names(name, datasets)}"
            )
    return claim
