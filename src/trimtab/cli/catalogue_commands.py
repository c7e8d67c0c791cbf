"""``trimtab methods`` and ``trimtab datasets``: what there is."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Annotated

import typer

__all__ = ["data", "list_all_methods"]

data = typer.Typer(help="Data sets by name.", no_args_is_help=True)


def list_all_methods(
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
) -> None:
    """List the methods that can be compared."""
    import pandas as pd

    from trimtab.benchmark.methods import list_methods
    from trimtab.cli.terminal import show_frame

    rows = [
        (m.name, m.family, "quick" if m.quick else "full", m.description)
        for m in list_methods(family)
    ]
    columns = ["method", "family", "portfolio", "what it is"]
    show_frame(pd.DataFrame(rows, columns=columns), f"{len(rows)} methods")


@data.command("list")
def list_datasets(
    group: Annotated[str | None, typer.Option(help="Only this group.")] = None,
) -> None:
    """List the data sets that can be named, and whether they are on this machine."""
    import pandas as pd

    from trimtab import datasets
    from trimtab.cli.terminal import show_frame

    cards = [datasets.describe(name) for name in datasets.list(group)]
    rows = [
        (c.name, c.rows, c.features, len(c.classes), c.imbalance,
         "yes" if datasets.is_available(c.name) else "no", c.summary)
        for c in cards
    ]  # fmt: skip
    columns = ["name", "rows", "columns", "classes", "imbalance", "here", "what it is"]
    show_frame(pd.DataFrame(rows, columns=columns), f"{len(rows)} data sets", digits=1)


@data.command("describe")
def describe_dataset(name: str) -> None:
    """Say what a data set is and where it comes from."""
    from trimtab import datasets

    print(datasets.describe(name))
