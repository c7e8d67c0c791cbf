"""``trimtab bench``: suites of experiments."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.cli.options import (
    NJobs,
    RetryFailed,
    StoreUrl,
    check_limit,
    resumable,
    split_names,
    tell_failures,
)
from trimtab.exceptions import InputError

if TYPE_CHECKING:
    import pandas as pd

    from trimtab.benchmark.suite import Suite

__all__ = ["bench"]

bench = typer.Typer(help="Run suites of experiments.", no_args_is_help=True)

_BENCH_STORE = "sqlite:///trimtab-bench.sqlite"

Datasets = Annotated[
    str | None, typer.Option(help="Only these data sets; names or patterns, by commas.")
]
MethodNames = Annotated[
    str | None, typer.Option(help="Only these methods; names or patterns, by commas.")
]
Seeds = Annotated[
    str | None, typer.Option(help="Other seeds than the suite's, by commas.")
]
SuiteName = Annotated[str, typer.Argument(help="A suite's name, or a TOML file.")]


def _plan(
    suite: str, datasets: str | None, methods: str | None, seeds: str | None
) -> "Suite":
    from trimtab.benchmark.suite import load_suite

    try:
        numbers = [int(seed) for seed in split_names(seeds) or ()]
    except ValueError:
        raise InputError(f"--seeds is {seeds!r}: give whole numbers, 0,1,2") from None
    return load_suite(suite).select(
        split_names(datasets), split_names(methods), numbers or None
    )


@bench.command("list")
def list_all_suites() -> None:
    """List the suites."""
    import pandas as pd

    from trimtab.benchmark.suite import list_suites, load_suite
    from trimtab.cli.terminal import show_frame

    suites = [load_suite(name) for name in list_suites()]
    rows = [
        (s.name, len(s.datasets), len(s.entries), len(s.experiments()), s.title)
        for s in suites
    ]
    columns = ["suite", "data sets", "methods", "experiments", "what it is"]
    show_frame(pd.DataFrame(rows, columns=columns), f"{len(rows)} suites")


@bench.command("run")
def run_suite(
    suite: SuiteName,
    datasets: Datasets = None,
    methods: MethodNames = None,
    seeds: Seeds = None,
    n_jobs: NJobs = -1,
    time_limit: Annotated[
        float, typer.Option(help="Seconds for each fit; 0 is no limit.")
    ] = 0.0,
    store: StoreUrl = None,
    retry_failed: RetryFailed = False,
) -> None:
    """Run a suite; what the store holds already is not run again."""
    from trimtab.benchmark.progress import TerminalProgress
    from trimtab.benchmark.runner import Runner
    from trimtab.benchmark.store import Store
    from trimtab.benchmark.suite import methods_of, sources_of

    check_limit(time_limit)
    plan = _plan(suite, datasets, methods, seeds)
    with Store(store or _BENCH_STORE) as opened:
        runner = Runner(
            opened,
            sources_of(plan),
            methods_of(plan),
            n_jobs=n_jobs,
            time_limit=time_limit or None,
            keep_scores=False,
            progress=TerminalProgress(),
        )
        with resumable():
            done = runner.run(plan.experiments(), retry_failed=retry_failed)
        failures = opened.results(plan.experiments()).query("status != 'done'")
    print(
        f"{done.run} experiments run in {done.seconds:.0f} s, {done.reused} were "
        f"there, {done.elsewhere} by other runners, {done.failed} failed"
    )
    if len(failures):
        tell_failures(failures)
        raise typer.Exit(1)


def _results(
    suite: str, plan: "Suite", store: str | None, source: Path | None
) -> "pd.DataFrame":
    """Return a suite's results, from an export or from a store."""
    from trimtab.benchmark.store import Store
    from trimtab.benchmark.summary import flatten_per_class, read_export, with_labels

    if source is not None:
        return read_export(source)
    url = store or _BENCH_STORE
    with Store(url, must_exist=True) as opened:
        results = opened.results(plan.experiments())
    if results.empty:
        raise InputError(
            f"the store {url} has no result of the suite {plan.name}: run it first, "
            f"trimtab bench run {suite}, or name another --store"
        )
    return with_labels(
        flatten_per_class(results.drop(columns=["key", "versions"])), plan
    )


@bench.command("show")
def show_suite(
    suite: SuiteName,
    datasets: Datasets = None,
    methods: MethodNames = None,
    seeds: Seeds = None,
    metric: Annotated[
        str | None, typer.Option(help="Another measure than the suite's.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead.")] = False,
    store: StoreUrl = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="An export, instead of a store.")
    ] = None,
) -> None:
    """Show a suite's results: one row a data set and method, and the methods' ranks."""
    from trimtab.benchmark.summary import overview, summarise
    from trimtab.cli.terminal import show_frame

    plan = _plan(suite, datasets, methods, seeds)
    summary = summarise(
        _results(suite, plan, store, source), plan, metric or plan.metric
    )
    if csv:
        print(summary.to_csv(index=False, float_format="%.6g"), end="")
        return
    show_frame(
        summary.drop(columns="metric").dropna(axis=1, how="all"),
        f"{plan.title}: {metric or plan.metric}, {plan.protocol.describe()}",
    )
    print()
    show_frame(overview(summary), "Over the data sets")


@bench.command("export")
def export_suite(
    suite: SuiteName,
    store: StoreUrl = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file. [default: docs/results/SUITE.csv.gz]"),
    ] = None,
) -> None:
    """Write every experiment of a suite, one row each, as compressed CSV."""
    from trimtab.benchmark.summary import write_export

    plan = _plan(suite, None, None, None)
    results = _results(suite, plan, store, None)
    path = write_export(results, out or Path("docs/results") / f"{plan.name}.csv.gz")
    print(f"{len(results)} experiments: {path}")
