"""``trimtab bench``: suites of experiments."""

# SPDX-License-Identifier: BSD-3-Clause

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.cli.options import (
    EngineChoice,
    EngineName,
    NJobs,
    RetryFailed,
    Scheduler,
    StoreUrl,
    check_limit,
    resumable,
    split_names,
    tell_failures,
)
from trimtab.exceptions import InputError

if TYPE_CHECKING:
    import pandas as pd

    from trimtab.benchmark.suites.suite import Suite

__all__ = ["bench"]


class TableFormat(StrEnum):
    """How tables are printed."""

    TEXT = "text"
    CSV = "csv"
    MARKDOWN = "markdown"


class PictureFormat(StrEnum):
    """What kind of files pictures are."""

    PNG = "png"
    SVG = "svg"
    PDF = "pdf"


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
Trials = Annotated[
    int | None,
    typer.Option(help="Another number of trials for what is tuned; 0 tunes nothing."),
]
SuiteName = Annotated[str, typer.Argument(help="A suite's name, or a TOML file.")]


def _plan(
    suite: str,
    datasets: str | None = None,
    methods: str | None = None,
    seeds: str | None = None,
    trials: int | None = None,
) -> "Suite":
    from trimtab.benchmark.suites.suite import load_suite

    try:
        numbers = [int(seed) for seed in split_names(seeds) or ()]
    except ValueError:
        raise InputError(f"--seeds is {seeds!r}: give whole numbers, 0,1,2") from None
    plan = load_suite(suite).select(
        split_names(datasets), split_names(methods), numbers or None
    )
    return plan if trials is None else plan.with_trials(trials)


@bench.command("list")
def list_all_suites() -> None:
    """List the suites."""
    import pandas as pd

    from trimtab.benchmark.suites.suite import list_suites, load_suite
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
    trials: Trials = None,
    n_jobs: NJobs = -1,
    engine: EngineChoice = EngineName.local,
    scheduler: Scheduler = None,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Seconds for each fit, instead of the suite's; 0: no limit."),
    ] = None,
    store: StoreUrl = None,
    retry_failed: RetryFailed = False,
) -> None:
    """Run a suite; what the store holds already is not run again."""
    from trimtab.benchmark.running.progress import TerminalProgress
    from trimtab.benchmark.running.runner import Runner
    from trimtab.benchmark.sources import catalogue_sources
    from trimtab.benchmark.store import Store
    from trimtab.benchmark.suites.suite import methods_of
    from trimtab.cluster.engine import Engine

    check_limit(time_limit or 0.0)
    where = Engine(engine.value, scheduler)
    plan = _plan(suite, datasets, methods, seeds, trials)
    limit = plan.time_limit if time_limit is None else time_limit
    with Store(store or _BENCH_STORE) as opened:
        runner = Runner(
            opened,
            catalogue_sources(plan.datasets),
            methods_of(plan),
            n_jobs=n_jobs,
            engine=where,
            time_limit=limit or None,
            together=plan.together,
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
    suite: str,
    plan: "Suite",
    store: str | None,
    source: Path | None = None,
    seeds: str | None = None,
    trials: int | None = None,
) -> "pd.DataFrame":
    """Return a suite's results, from an export or from a store."""
    from trimtab.benchmark.suites.suite_results import read_results

    if source is not None and trials is not None:
        raise InputError(
            "--trials chooses among a store's results, and --from reads an export, "
            "which has one number of trials: leave out --trials, or --from"
        )
    # An export may have fewer seeds than the suite plans: all are shown unless asked.
    only_seeds = seeds is not None
    return read_results(
        plan, store or _BENCH_STORE, source, suite, only_seeds=only_seeds
    )


@bench.command("show")
def show_suite(
    suite: SuiteName,
    datasets: Datasets = None,
    methods: MethodNames = None,
    seeds: Seeds = None,
    trials: Trials = None,
    metric: Annotated[
        str | None, typer.Option(help="Another measure than the suite's.")
    ] = None,
    form: Annotated[
        TableFormat, typer.Option("--format", help="How the tables are printed.")
    ] = TableFormat.TEXT,
    store: StoreUrl = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="An export, instead of a store.")
    ] = None,
) -> None:
    """Show a suite's results, beside the paper's and tested against its reference."""
    from trimtab.cli.terminal import show_tables
    from trimtab.report.words.suite_tables import as_markdown, suite_tables, whole_table

    plan = _plan(suite, datasets, methods, seeds, trials)
    results = _results(suite, plan, store, source, seeds, trials)
    metric = metric or plan.metric
    if form is TableFormat.CSV:
        table = whole_table(results, plan, metric)
        print(table.to_csv(index=False, float_format="%.6g"), end="")
        return
    tables = suite_tables(results, plan, metric)
    if form is TableFormat.MARKDOWN:
        print("\n\n".join(as_markdown(table) for table in tables))
    else:
        show_tables(tables)


@bench.command("plot")
def plot_suite(
    suite: SuiteName,
    out: Annotated[Path, typer.Option(help="The folder that takes the files.")],
    datasets: Datasets = None,
    methods: MethodNames = None,
    seeds: Seeds = None,
    trials: Trials = None,
    metric: Annotated[
        str | None, typer.Option(help="Another measure than the pictures'.")
    ] = None,
    form: Annotated[
        PictureFormat, typer.Option("--format", help="What kind of files.")
    ] = PictureFormat.PNG,
    store: StoreUrl = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="An export, instead of a store.")
    ] = None,
) -> None:
    """Draw a suite's pictures: its reference's lead, and the curves it describes."""
    from trimtab.report.displays.suite_figures import write_figures

    plan = _plan(suite, datasets, methods, seeds, trials)
    results = _results(suite, plan, store, source, seeds, trials)
    for path in write_figures(results, plan, out, form.value, metric):
        print(path)


@bench.command("report")
def report_suites(
    out: Annotated[Path, typer.Option(help="The folder that takes the page.")],
    suites: Annotated[
        list[str] | None,
        typer.Argument(help="Suites by name or file; by default all with results."),
    ] = None,
    store: StoreUrl = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="A folder of exports, or one of them, instead of a store."
        ),
    ] = None,
) -> None:
    """Write one offline page: where the papers' claims stand, and each suite."""
    from trimtab.benchmark.suites.suite_results import read_suites
    from trimtab.report.page.evidence_page import write_evidence_page

    if source is not None and not source.exists():
        raise InputError(f"no such file or folder: {source}; give one with exports")
    found = read_suites(suites or [], store or _BENCH_STORE, source)
    print(write_evidence_page(found, out / "index.html"))


@bench.command("export")
def export_suite(
    suite: SuiteName,
    trials: Trials = None,
    store: StoreUrl = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The file; compressed if it ends in .gz.", show_default="SUITE.csv.gz"
        ),
    ] = None,
) -> None:
    """Write every experiment of a suite, one row each, as CSV."""
    from trimtab.benchmark.suites.export_files import write_export

    plan = _plan(suite, trials=trials)
    results = _results(suite, plan, store)
    path = write_export(results, out or Path(f"{plan.name}.csv.gz"))
    print(f"{len(results)} experiments: {path}")


@bench.command("import")
def import_suite(
    suite: SuiteName,
    source: Annotated[
        Path, typer.Option("--from", help="Its export SUITE.csv.gz, or the folder.")
    ],
    seeds: Seeds = None,
    trials: Trials = None,
    store: StoreUrl = None,
) -> None:
    """Take an export's experiments into a store: a run goes on from there."""
    from trimtab.benchmark.store import Store
    from trimtab.benchmark.suites.taken_over import take_over

    plan = _plan(suite, seeds=seeds, trials=trials)
    names = f"{plan.name}.csv.gz", f"{plan.name}.csv"
    if not source.is_dir() and source.name not in names:
        raise InputError(
            f"{source} is not called {' or '.join(names)}: an export does not say how "
            "rows were split, so that only the name tells which suite it is of; rename "
            "it if it is of this one"
        )
    exported = _results(suite, plan, None, source)
    with Store(store or _BENCH_STORE) as opened:
        done = take_over(plan, exported, opened)
    print(
        f"{done.added} experiments added, {done.there} were there, {done.others} are "
        f"none of the suite {plan.name}"
    )
    if done.others:
        print("those may have other seeds or trials: --seeds and --trials choose")
