"""The command line: ``trimtab compare | bench | meta-train | datasets | methods``.

Nothing heavy is imported before a command needs it, so that help comes at once.
"""

# SPDX-License-Identifier: BSD-3-Clause

import signal
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from trimtab.cli.bench_commands import bench
from trimtab.cli.catalogue_commands import data, list_all_methods
from trimtab.cli.compare_command import compare
from trimtab.cli.meta_train_command import meta_train
from trimtab.cli.output_streams import print_what_can_be, written_out
from trimtab.exceptions import InputError, MissingExtraError

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """Commands that say so where they are stopped."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            print("trimtab: stopped before anything was run", file=sys.stderr)
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Commands,
    help="Learned rebalancing for imbalanced classification, compared honestly.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(compare)
app.command("meta-train")(meta_train)
app.command("methods")(list_all_methods)
app.add_typer(bench, name="bench")
app.add_typer(data, name="datasets")

_EXTRA_LIBRARIES = {
    "cloudpickle", "jinja2", "matplotlib", "pandas", "plotly", "psutil", "pyarrow",
    "rich", "scikit_posthocs", "skrub", "sqlalchemy", "xgboost",
}  # fmt: skip


def _version(wanted: bool) -> None:
    if wanted:
        from trimtab import __version__

        print(f"trimtab {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    # Schedulers end a job by SIGTERM: let it clean up as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print_what_can_be()
    try:
        with written_out():
            app()
    except (InputError, MissingExtraError) as error:
        _stop(str(error), 2)
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in _EXTRA_LIBRARIES:
            raise
        of_bench = {"matplotlib", "scikit_posthocs"}
        extra = "bench" if library in of_bench else "compare"
        _stop(str(MissingExtraError(library, extra)), 2)


def _stop(message: str, code: int) -> None:
    print(f"trimtab: {message}", file=sys.stderr)
    sys.exit(code)
