"""A worker of a cluster: its libraries are the runner's, or it does nothing."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle

import pytest

from trimtab.benchmark.running.site import Order, run_order
from trimtab.benchmark.versions import library_versions
from trimtab.exceptions import InputError

HERE = library_versions()


def without_numpy() -> dict[str, str]:
    """Return the libraries of a runner that lacks one of the worker's."""
    return {name: version for name, version in HERE.items() if name != "numpy"}


@pytest.mark.parametrize(
    ("runner", "told"),
    [
        (HERE | {"numpy": "1.0"}, f"has numpy {HERE['numpy']} and this process 1.0"),
        (without_numpy(), f"has numpy {HERE['numpy']} and this process not at all"),
        (HERE | {"faiss": "1.0"}, "has faiss not at all and this process 1.0"),
    ],
)
def test_other_libraries_are_refused(runner: dict[str, str], told: str) -> None:
    """Another version, one more here, one more there: results would depend on it."""
    order = Order("run", "digest", b"", None, runner)

    with pytest.raises(InputError, match=told + ": install the same on all"):
        run_order(b"", pickle.dumps(order), lambda *_: None)
