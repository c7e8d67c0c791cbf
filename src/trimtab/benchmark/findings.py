"""Runs a comparison's experiments, and reads what the store then holds of them."""

# SPDX-License-Identifier: BSD-3-Clause

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimtab.benchmark.database import file_url
from trimtab.benchmark.evidence import Prediction
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.history import History
from trimtab.benchmark.methods import Method
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.runner import Runner, RunSummary
from trimtab.benchmark.sources import StagedSource
from trimtab.benchmark.store import Store
from trimtab.benchmark.suites.summary import flatten_per_class
from trimtab.tables import Labels

__all__ = ["Findings", "run_and_read"]


@dataclass(frozen=True)
class Findings:
    """What the store holds of one data set's experiments.

    Attributes
    ----------
    summary : RunSummary
        What the run did.
    results : DataFrame
        As from `Store.results`.
    scores : mapping of str to ndarray of float32
        Predicted probabilities by the experiments' keys.
    histories : mapping of str to History
        What learners did from round to round, likewise.
    """

    summary: RunSummary
    results: pd.DataFrame
    scores: Mapping[str, NDArray[np.float32]]
    histories: Mapping[str, History]

    def public_results(self, methods: Mapping[str, Method]) -> pd.DataFrame:
        """Return the results as users get them, in an order that no run changes."""
        families = self.results["method"].map(lambda name: methods[name].family)
        frame = flatten_per_class(self.results.drop(columns=["key", "versions"]))
        frame.insert(2, "family", families)
        return frame.sort_values(["method", "repeat", "fold"], ignore_index=True)

    def versions(self) -> dict[str, str]:
        """Return the library versions that the results were made with.

        Results of an earlier run may have been made with others: then all are named.
        """
        found: dict[str, list[str]] = {}
        for versions in map(json.loads, self.results["versions"].unique()):
            for library, version in versions.items():
                known = found.setdefault(library, [])
                if version not in known:
                    known.append(version)
        return {library: ", ".join(versions) for library, versions in found.items()}

    def predictions(
        self, labels: Labels, protocol: Protocol, seed: int
    ) -> list[Prediction]:
        """Return what was predicted for the test part of each split."""
        test_codes = {
            split: labels.codes[protocol.rows(labels.codes, *split, seed)[1]]
            for split in protocol.splits()
        }
        columns = ["key", "method", "repeat", "fold", "threshold", "own_threshold"]
        known = self.results.reindex(columns=columns).astype(object)
        rows: list[list[Any]] = known.where(known.notna(), None).to_numpy().tolist()
        return [
            Prediction(
                method,
                repeat,
                fold,
                test_codes[repeat, fold],
                self.scores[key],
                threshold,
                own_threshold,
            )
            for key, method, repeat, fold, threshold, own_threshold in rows
            if key in self.scores
        ]

    def method_histories(self) -> dict[str, History]:
        """Return the history of each method that has one."""
        known = self.results[self.results["key"].isin(self.histories.keys())]
        return {
            str(method): self.histories[key]
            for key, method in zip(known["key"], known["method"], strict=True)
        }


def run_and_read(
    experiments: Sequence[Experiment],
    source: StagedSource,
    methods: Mapping[str, Method],
    store: str | Path,
    *,
    retry_failed: bool,
    **options: Any,
) -> Findings:
    """Run what the store does not hold yet, and read everything from it.

    Parameters
    ----------
    experiments : sequence of Experiment
        All of one data set.
    source : StagedSource
        Its table.
    methods : mapping of str to Method
        By name.
    store : str or Path
        A URL, or an SQLite file.
    retry_failed : bool
        Whether recorded failures are run again.
    **options
        Of `Runner`.
    """
    url = file_url(store) if isinstance(store, Path) else store
    with Store(url) as opened:
        runner = Runner(opened, {source.name: source}, methods, **options)
        summary = runner.run(experiments, retry_failed=retry_failed)
        results = opened.results(experiments)
        keys = list(results["key"])
        return Findings(summary, results, opened.scores(keys), opened.histories(keys))
