"""Results of suites made up for the tests of the report: no learner is fitted."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace

import pandas as pd

from tests.report.sample_evidence import HOSTILE
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.suites.paper_claims import PaperClaim
from trimtab.benchmark.suites.suite import Entry, PaperValue, Suite
from trimtab.benchmark.suites.suite_results import SuiteResults

DATASETS = ("g/one", "g/two", "g/three", "g/four")
METHODS = {
    "base": ("lightgbm", 0.70, 0.2),
    "ours": ("art", 0.74, 1.5),
    "smote": ("smote", 0.66, 0.4),
    "forest": ("random-forest", 0.71, 0.9),
}
"""By label: the registered method, its score, and the seconds that a fit takes."""


def make_suite(name: str = "toy", *, text: str = "", n_datasets: int = 4) -> Suite:
    """Return a suite of four methods; `text` stands wherever a suite has words."""
    sets = DATASETS[:n_datasets]
    return Suite(
        name=name,
        title=f"A toy{text}",
        description=f"For tests.{text}",
        datasets=sets,
        entries=tuple(
            Entry(label, method) for label, (method, _, _) in METHODS.items()
        ),
        protocol=Protocol(1, test_size=0.2),
        metric="macro_f1",
        seeds=(0, 1, 2),
        paper=(
            PaperValue("g/one", "base", "macro_f1", 0.60, 0.05),
            PaperValue("g/one", "ours", "macro_f1", 0.85, 0.05),
        ),
        reference="ours",
        claims=(
            PaperClaim(
                "ART", f"Table 1{text}", f"Ours leads.{text}", "ours", ("base",),
                sets, ("macro_f1",),
            ),
            PaperClaim(
                "ART", "Table 2", "Ours is as good.", "ours", (), sets, ("macro_f1",)
            ),
        ),
    )  # fmt: skip


def make_results(suite: Suite) -> pd.DataFrame:
    """Return results: methods keep their distance, seeds and sets move all alike."""
    rows = [
        {
            "dataset": dataset,
            "method": label,
            "parameters": "{}",
            "repeat": 0,
            "fold": 0,
            "seed": seed,
            "status": "done",
            "reason": "",
            "macro_f1": METHODS[label][1]
            - 0.1 * place
            + 0.01 * seed * (1 + len(label) % 3)
            + 0.01 * ((place + len(label)) % 3),
            "fit_seconds": METHODS[label][2] * (1 + place),
            "predict_seconds": 0.1,
        }
        for place, dataset in enumerate(suite.datasets)
        for label in METHODS
        for seed in suite.seeds
    ]
    return pd.DataFrame(rows)


def make_found(name: str = "toy", **options: object) -> SuiteResults:
    """Return a suite with its results."""
    suite = make_suite(name, **options)  # type: ignore[arg-type]
    return SuiteResults(suite, make_results(suite), name)


def make_hostile() -> SuiteResults:
    """Return one whose every name is markup."""
    found = make_found(text=HOSTILE)
    names = {label: f"{label}{HOSTILE}" for label in METHODS}
    suite = replace(
        found.suite,
        entries=tuple(replace(e, label=names[e.label]) for e in found.suite.entries),
        claims=tuple(
            replace(
                claim,
                method=names[claim.method],
                over=tuple(names[one] for one in claim.over),
            )
            for claim in found.suite.claims
        ),
        paper=tuple(replace(v, method=names[v.method]) for v in found.suite.paper),
        reference=names["ours"],
    )
    results = found.results.assign(method=found.results["method"].map(names))
    return SuiteResults(suite, results, "toy")
