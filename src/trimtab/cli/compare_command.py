"""``trimtab compare``: the main job."""

# SPDX-License-Identifier: BSD-3-Clause

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trimtab.cli.options import (
    EngineChoice,
    EngineName,
    NJobs,
    RetryFailed,
    Scheduler,
    StoreUrl,
    check_limit,
    load_table,
    printable,
    resumable,
    split_names,
    tell_failures,
)

__all__ = ["compare"]


class Portfolio(StrEnum):
    """Which methods are compared unless they are named."""

    quick = "quick"
    full = "full"


def compare(
    table: Annotated[
        str, typer.Argument(help="A CSV or Parquet file, or a data set's name.")
    ],
    target: Annotated[
        str | None, typer.Option(help="The column to predict (for a file).")
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(help="The class of interest.", show_default="the smallest"),
    ] = None,
    methods: Annotated[
        str | None, typer.Option(help="Methods by name, parted by commas.")
    ] = None,
    portfolio: Annotated[
        Portfolio, typer.Option(help="The methods to run where none are named.")
    ] = Portfolio.quick,
    metric: Annotated[
        str, typer.Option(help="The measure that ranks.")
    ] = "average_precision",
    folds: Annotated[int, typer.Option(help="Stratified folds.")] = 5,
    repeats: Annotated[int, typer.Option(help="How often folds are drawn anew.")] = 1,
    seed: Annotated[int, typer.Option(help="Decides every random draw.")] = 0,
    tune_threshold: Annotated[
        bool, typer.Option(help="Also choose a threshold inside the training part.")
    ] = True,
    tune: Annotated[
        int | None,
        typer.Option(help="Tune methods inside the training part: so many trials."),
    ] = None,
    tune_time_limit: Annotated[
        float, typer.Option(help="Seconds for each tuning; 0 is no limit.")
    ] = 0.0,
    n_jobs: NJobs = -1,
    engine: EngineChoice = EngineName.local,
    scheduler: Scheduler = None,
    time_limit: Annotated[
        float, typer.Option(help="Seconds for each fit; 0 is no limit.")
    ] = 600.0,
    store: StoreUrl = None,
    retry_failed: RetryFailed = False,
    out: Annotated[
        Path, typer.Option(help="The folder for the page and the tables.")
    ] = Path("trimtab-report"),
) -> None:
    """Compare methods on one table.

    Does rebalancing help here, which method, by how much, at what cost? Writes
    report.html, leaderboard.csv and results.csv. Stopped, it goes on where it was when
    it is started again. The exit code is 1 where a method failed.
    """
    from trimtab.benchmark.running.worker import warm_up

    if engine is EngineName.local:
        warm_up()  # it imports while this process does
    from trimtab.cli.terminal import show_comparison
    from trimtab.comparison import compare as run
    from trimtab.files import check_writable

    check_limit(time_limit)
    X, y, name, target, named = load_table(table, target)
    check_writable(out)
    with resumable():
        comparison = run(
            X,
            y,
            positive=named if positive is None else positive,
            methods=split_names(methods),
            portfolio=portfolio.value,
            metric=metric,
            folds=folds,
            repeats=repeats,
            seed=seed,
            tune_threshold=tune_threshold,
            tune=tune,
            tune_time_limit=tune_time_limit or None,
            n_jobs=n_jobs,
            engine=engine.value,
            scheduler=scheduler,
            time_limit=time_limit or None,
            store=store or out / "experiments.sqlite",
            retry_failed=retry_failed,
            progress=True,
            name=name,
            target=target,
            command=printable(shlex.join(["trimtab", *sys.argv[1:]])),
        )
    page = comparison.save(out)
    show_comparison(comparison)
    print(f"\nThe page: {page}")
    if len(comparison.failures):
        tell_failures(comparison.failures)
        if comparison.summary.reused:
            print("--retry-failed runs recorded failures again", file=sys.stderr)
        raise typer.Exit(1)
