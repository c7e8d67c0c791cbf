"""The main job: compare methods on a table, honestly, and say what came out."""

# SPDX-License-Identifier: BSD-3-Clause

import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trimtab.benchmark.evidence import Evidence, TableProfile
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.findings import run_and_read
from trimtab.benchmark.leaderboard import rank_methods
from trimtab.benchmark.methods import Method
from trimtab.benchmark.methods.table_description import table_info
from trimtab.benchmark.portfolio import Methods, choose_methods
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.progress import Progress, TerminalProgress
from trimtab.benchmark.running.runner import RunSummary
from trimtab.benchmark.sources import stage, table_digest
from trimtab.benchmark.tuning import Tuning
from trimtab.cluster.engine import Engine
from trimtab.exceptions import InputError, nearest_names
from trimtab.files import write_whole
from trimtab.infinities import check_finite
from trimtab.metrics import MEASURES
from trimtab.tables import (
    Labels,
    check_same_length,
    check_table,
    encode_labels,
)

__all__ = ["MAX_CLASSES", "Comparison", "compare"]

MAX_CLASSES = 100
"""More classes than these look like an identifier or a number."""


def compare(
    X: Any,
    y: Any,
    *,
    positive: Any = None,
    methods: Methods | None = None,
    portfolio: str = "quick",
    metric: str = "average_precision",
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    tune_threshold: bool = True,
    tune: int | None = None,
    tune_time_limit: float | None = None,
    n_jobs: int | None = None,
    engine: str = "local",
    scheduler: str | None = None,
    time_limit: float | None = None,
    store: str | Path | None = None,
    retry_failed: bool = False,
    progress: bool | Progress = False,
    name: str = "table",
    target: str = "y",
    command: str = "",
) -> "Comparison":
    """Compare methods on one table, on the same stratified folds.

    Everything, resampling included, is fitted inside the training part of each fold.
    Plain LightGBM is always among the methods: it is what the others are measured
    against. Read more in the :ref:`User Guide <protocol>`.

    Parameters
    ----------
    X : array-like, DataFrame or sparse matrix of shape (n_rows, n_columns)
        The table. Strings, categories, dates and missing values in a DataFrame are
        welcome: each method prepares them inside its own pipeline. Or images, an array
        of shape (n_rows, height, width) or (n_rows, channels, height, width): networks
        take them as such, other learners as rows of pixels.
    y : array-like of shape (n_rows,)
        Class labels of any type; two classes or more.
    positive : label, default=None
        The class of interest; the smallest by default.
    methods : sequence of str or Method, or mapping of str to estimator, default=None
        What to compare: names of registered methods, methods, or your own
        scikit-learn classifiers by a name of your choice; a mapping may have names of
        methods beside them, ``{"mine": model, "smote": "smote"}``. By default those
        of the portfolio that apply to the table.
    portfolio : {"quick", "full"}, default="quick"
        Where `methods` is None: the dozen to try first, or all.
    metric : str, default="average_precision"
        What ranks; a name of `trimtab.metrics.MEASURES`.
    folds : int, default=5
        Stratified folds, at least 2.
    repeats : int, default=1
        How often the folds are drawn anew.
    seed : int, default=0
        Decides the folds and every method's random state. Two runs of the same seed
        give the same scores, whatever `n_jobs` is.
    tune_threshold : bool, default=True
        For two classes, also report each method at a threshold that is chosen inside
        the training part. It costs a second fit on 80 % of it.
    tune : int, default=None
        Tune every method that has a search space, plain LightGBM among them: so many
        settings are tried inside the training part of each split, the first of them the
        method as it comes. It costs as many fits. None tunes nothing. Read more in the
        :ref:`User Guide <tuning>`.
    tune_time_limit : float, default=None
        Seconds after which the tuning of a method on a split tries nothing more. What
        is found then depends on the speed of the machine.
    n_jobs : int, default=None
        Processes, as in joblib: None is 1, -1 all cores. On a cluster how many
        experiments are sent at once: None and -1 are all that it has room for.
    engine : {"local", "dask", "ray"}, default="local"
        Where experiments run: in processes of this machine, or on a cluster. Read more
        in the :ref:`User Guide <clusters>`.
    scheduler : str, default=None
        The address of the cluster, ``tcp://host:8786`` for Dask, ``host:6379`` for Ray.
    time_limit : float, default=None
        Seconds for each fit; a fit over it is recorded as such and the rest goes on.
    store : str or Path, default=None
        Where results are kept: an SQLAlchemy URL, or a Path for an SQLite file. A run
        that was stopped goes on from there. By default results are kept for this call
        alone.
    retry_failed : bool, default=False
        Whether errors and time-outs that `store` holds are run again.
    progress : bool or Progress, default=False
        Whether to show a progress bar on the terminal.
    name, target, command : str
        How the report calls the table and its target, and how it was made.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        Where the table, the labels or an argument cannot be used. The message names
        the value and the cure.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> import trimtab
    >>> X, y = make_classification(400, weights=[0.9], random_state=0)
    >>> result = trimtab.compare(X, y, methods=["random-forest"], folds=2)
    >>> sorted(result.leaderboard["method"])
    ['lightgbm', 'random-forest']
    """
    where = Engine(engine, scheduler)
    check_table(X, images=True)
    if isinstance(y, str):
        raise InputError(f"y is {y!r}: give the labels, X[{y!r}], and X without them")
    check_same_length(X, y)
    labels = encode_labels(y, positive=positive, max_classes=MAX_CLASSES, name=target)
    check_finite(X)
    protocol = Protocol(folds, repeats, tune_threshold=tune_threshold)
    protocol.check(labels)
    _check_metric(metric, labels, protocol)
    tuning = _tuning(tune, tune_time_limit, metric)
    info = table_info(X, labels)
    chosen, skipped = choose_methods(
        methods, portfolio, info, protocol.fitted_share(len(labels.classes))
    )
    dataset = f"{name}@{table_digest(X, labels)}"
    experiments = [
        Experiment(
            dataset,
            m.name,
            protocol,
            repeat,
            fold,
            seed,
            code=m.code,
            tuning=tuning if m.search_space else None,
        )
        for repeat, fold in protocol.splits()
        for m in chosen.values()
    ]
    with tempfile.TemporaryDirectory(prefix="trimtab-") as folder:
        found = run_and_read(
            experiments,
            stage(X, labels, dataset, Path(folder)),
            chosen,
            store or Path(folder) / "experiments.sqlite",
            retry_failed=retry_failed,
            n_jobs=n_jobs,
            engine=where,
            time_limit=time_limit,
            progress=TerminalProgress() if progress is True else progress or None,
        )
    evidence = Evidence(
        profile=TableProfile.of(X, info, name, target),
        labels=labels,
        protocol=protocol,
        metric=metric,
        leaderboard=rank_methods(found.results, chosen, metric, protocol.test_fraction),
        results=found.public_results(chosen),
        predictions=found.predictions(labels, protocol, seed),
        skipped=skipped,
        command=command,
        versions=found.versions(),
        histories=found.method_histories(),
        tuning=tuning,
    )
    return Comparison(evidence, found.summary, chosen, X, seed)


def _tuning(
    n_trials: int | None, time_limit: float | None, metric: str
) -> Tuning | None:
    if n_trials is None:
        if time_limit is not None:
            raise InputError(
                "tune_time_limit limits a tuning and there is none: give tune, the "
                "number of trials, too"
            )
        return None
    # A tuned threshold is chosen after the parameters.
    metric = metric.removeprefix("tuned_")
    return Tuning(n_trials, metric, time_limit=time_limit)


def _check_metric(metric: str, labels: Labels, protocol: Protocol) -> None:
    if metric not in MEASURES:
        near = nearest_names(metric, MEASURES)
        known = f"known are {', '.join(MEASURES)}"
        hint = near if near.startswith("did") else known
        raise InputError(f"no metric {metric!r}: {hint}")
    is_tuned = metric.startswith("tuned_")
    plain = metric.removeprefix("tuned_") if is_tuned else "average_precision"
    if MEASURES[metric].two_classes_only and len(labels.classes) > 2:
        raise InputError(
            f"{metric} is for two classes and there are {len(labels.classes)}: use "
            f"{plain}"
        )
    if is_tuned and not protocol.tune_threshold:
        raise InputError(f"{metric} needs tune_threshold; or use {plain}")


class Comparison:
    """What a comparison found.

    Attributes
    ----------
    leaderboard : DataFrame
        One row a method, best first; `trimtab.benchmark.leaderboard.rank_methods`
        describes the columns.
    results : DataFrame
        One row a method and split: status, every measure, costs, and each class's
        precision, recall and F1.
    skipped : dict of str to str
        Methods that do not apply to the table, and why.
    best_method_ : str
        The first of the leaderboard. The report's advice may differ: a lead within
        chance is no reason to leave plain LightGBM.
    best_estimator_ : estimator
        That method, fitted on all rows when first asked for; see `fit_method`, which
        fits any of the methods.
    summary : RunSummary
        How many experiments were run, reused, and failed.
    evidence : Evidence
        All that the report is made from.
    """

    def __init__(
        self,
        evidence: Evidence,
        summary: RunSummary,
        methods: Mapping[str, Method],
        X: Any,
        seed: int,
    ) -> None:
        self.evidence, self.summary = evidence, summary
        self.leaderboard, self.results = evidence.leaderboard, evidence.results
        self.skipped = evidence.skipped
        self._methods, self._X, self._seed = methods, X, seed

    def __repr__(self) -> str:
        n, splits = len(self.leaderboard), len(list(self.evidence.protocol.splits()))
        name, metric = self.evidence.profile.name, self.evidence.metric
        return f"<Comparison of {n} methods on {name}, {splits} splits, by {metric}>"

    @property
    def best_method_(self) -> str:
        """The name of the best method."""
        first = self.leaderboard.iloc[0]
        if first["splits"] == 0:
            raise InputError(
                "no method finished a split: see the column reason of results"
            )
        return str(first["method"])

    @cached_property
    def best_estimator_(self) -> Any:
        """The best method, fitted on all rows."""
        return self.fit_method(self.best_method_)

    def fit_method(self, name: str) -> Any:
        """Fit a method of the comparison on all rows, for use.

        Where methods were tuned, it is tuned once more, on all rows. Where a ``tuned_``
        measure ranks, its threshold is tuned by cross-validation on them.

        Parameters
        ----------
        name : str
            A method of the leaderboard, ``"lightgbm"`` for one.

        Returns
        -------
        estimator
            Fitted; it takes rows as the comparison did.

        Raises
        ------
        InputError
            Where the method was not compared.
        """
        if name not in self._methods:
            hint = nearest_names(name, self._methods)
            raise InputError(f"no method {name!r} was compared: {hint}")
        labels, method = self.evidence.labels, self._methods[name]
        parameters = self._tuned_parameters(method)
        info = table_info(self._X, labels)
        estimator = method.build(info, self._seed, **parameters)
        if self.evidence.metric.startswith("tuned_"):
            from sklearn.model_selection import TunedThresholdClassifierCV

            estimator = TunedThresholdClassifierCV(
                estimator, scoring="f1_macro", random_state=self._seed
            )
        return estimator.fit(self._X, labels.decode(labels.codes))

    def _tuned_parameters(self, method: Method) -> dict[str, Any]:
        """Return parameters that are found on all rows, if methods were tuned."""
        tuning, labels = self.evidence.tuning, self.evidence.labels
        if tuning is None or method.search_space is None:
            return {}
        from trimtab.benchmark.running.fitting import MethodOnTable
        from trimtab.benchmark.running.search import tune

        table = MethodOnTable(method, self._X, labels)
        rows = np.arange(len(labels.codes))
        return tune(table, rows, tuning, random_state=self._seed).parameters

    @property
    def failures(self) -> pd.DataFrame:
        """The splits that failed: ``method``, ``repeat``, ``fold``, ``reason``."""
        failed = self.results[self.results["status"] != "done"]
        return failed[["method", "repeat", "fold", "status", "reason"]]

    def save_report(self, path: str | Path) -> Path:
        """Write the page: one file of HTML that needs nothing else.

        Parameters
        ----------
        path : str or Path
            Where to; folders are made if need be.

        Returns
        -------
        Path
            The file.
        """
        from trimtab.report.page.comparison_page import write_page

        return write_page(self.evidence, Path(path))

    def save(self, folder: str | Path) -> Path:
        """Write ``report.html``, ``leaderboard.csv`` and ``results.csv``.

        Parameters
        ----------
        folder : str or Path
            Where to; it is made if need be.

        Returns
        -------
        Path
            The page.

        Raises
        ------
        InputError
            Where a file cannot be written; the page comes first.
        """
        folder = Path(folder)
        page = self.save_report(folder / "report.html")
        for name in ("leaderboard", "results"):
            table = getattr(self, name).to_csv(index=False, float_format="%.10g")
            write_whole(folder / f"{name}.csv", table)
        return page
