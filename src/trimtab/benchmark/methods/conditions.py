"""What a table must be like for a method to apply."""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.benchmark.methods.registry import TableInfo

__all__ = ["why_no_held_out_rows", "why_no_network"]


def why_no_held_out_rows(info: TableInfo) -> str | None:
    """Return why a method that holds rows out cannot; None where it can.

    Parameters
    ----------
    info : TableInfo
        Its classes are those of the rows that are fitted on.
    """
    if min(info.class_counts) > 1:
        return None
    return (
        "it holds out rows of each class, and of one there is only one row to train on"
    )


def why_no_network(info: TableInfo) -> str | None:
    """Return why no network can be trained; None where one can.

    Parameters
    ----------
    info : TableInfo
        Its classes are those of the rows that are fitted on.
    """
    if info.is_sparse:
        return "networks take no sparse matrices"
    return why_no_held_out_rows(info)
