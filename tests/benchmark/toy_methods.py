"""Methods that take no time, for tests of what runs them."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import cloudpickle
from sklearn.naive_bayes import GaussianNB

from trimtab.benchmark.methods import Method, TableInfo


class Toy(GaussianNB):
    """Naive Bayes that does something else first."""

    def __init__(self, first: str = "", seconds: float = 0.0) -> None:
        super().__init__()
        self.first, self.seconds = first, seconds

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Toy":
        if self.first.startswith("touch "):
            Path(self.first.removeprefix("touch ")).touch()
        time.sleep(self.seconds)
        if self.first == "crash":
            print("last words", file=sys.stderr, flush=True)
            os.kill(os.getpid(), 9)
        if self.first == "exit":
            raise SystemExit("enough")
        if self.first == "raise":
            raise RuntimeError("no luck\ntoday")
        if self.first == "print":
            print("to standard output")
            os.write(1, b"to file descriptor 1\n")
        return super().fit(X, y)


def toy(info: TableInfo, random_state: int, first: str = "", seconds: float = 0) -> Any:
    return Toy(first, seconds)


TOY = Method("toy", "Naive Bayes that does something else first.", "toy", toy)

# Workers cannot import the tests: what is in this file goes to them as it is.
cloudpickle.register_pickle_by_value(sys.modules[__name__])
