"""Ensembles on a table of three times the memory that their process may have.

Run: ``python benchmarks/bench_larger_than_memory.py``. A table of 200 columns is
written to a temporary folder as parquet files, part by part, 0.05 % of its rows
positive. Then three processes whose data may take ``--limit`` MiB (``RLIMIT_DATA``:
they are refused more; about 220 are Python and the libraries) fit

* in memory on a sample of the rows, an eighth of what it may have,
* ``MESAClassifier`` on all files with ``max_candidates=50_000``: the files are read
  twice, and no more;
* the same with ``max_candidates=None``: each member scores every row, and the files are
  read twice for each member,

and print seconds, the peak of the process's memory, the rows of the last draw, and
average precision on 300,000 rows of their own. The first shows that the table itself is
refused.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

N_COLUMNS, PART_ROWS = 200, 5_000
PART_BYTES = PART_ROWS * N_COLUMNS * 8
NAMES = [f"x{number}" for number in range(N_COLUMNS)]
TEST_PARTS = 60


def made(seed: int, n_rows: int = PART_ROWS) -> pd.DataFrame:
    """Return rows whose class depends on three columns and a product of two."""
    random = np.random.default_rng(seed)
    X = random.normal(size=(n_rows, N_COLUMNS))
    score = X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * np.abs(X[:, 3])
    score += random.normal(scale=0.7, size=n_rows)
    frame = pd.DataFrame(X, columns=NAMES)
    frame["y"] = score > 7.0
    return frame


def write(folder: Path, n_parts: int) -> None:
    for number in range(n_parts):
        made(number).to_parquet(folder / f"part-{number:05}.parquet")


def in_bounds(
    folder: Path, limit: int, table_bytes: int, n_estimators: int, which: str
) -> None:
    """Fit in a process that may have `limit` bytes."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    import dask
    import dask.dataframe as dd
    from sklearn.metrics import average_precision_score

    from trimtab import MESAClassifier

    dask.config.set({"dataframe.convert-string": False})
    files = sorted(folder.iterdir())
    title = f"{len(files) * PART_ROWS:,} rows, "
    model = MESAClassifier(n_estimators=n_estimators, random_state=0)
    table: Any = dd.read_parquet(str(folder))
    if which == "sample":
        try:
            np.ones(table_bytes // 8)
            print("the table fits in memory: give a lower --limit")
        except MemoryError:
            print(f"the table's {table_bytes / 2**20:.0f} MiB are refused at once")
        n_parts = max(1, limit // 8 // PART_BYTES)
        table = pd.concat([pd.read_parquet(path) for path in files[:n_parts]])
        title = f"{len(table):,} rows in memory"
    elif which == "candidates":
        model.set_params(max_candidates=50_000)
        title += "50,000 may be drawn"
    else:
        model.set_params(max_candidates=None)
        title += "all may be drawn"
    start, used = time.perf_counter(), time.process_time()
    model.fit(table[NAMES], table["y"])
    taken, used = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    truth, found = [], []
    for number in range(TEST_PARTS):
        part = made(2**31 + number)
        truth.append(part["y"].to_numpy())
        found.append(model.predict_proba(part[NAMES])[:, 1])
    area = average_precision_score(np.concatenate(truth), np.concatenate(found))
    print(
        f"{title:40} {taken:6.1f} s ({used:.0f} s of processor), peak {peak:.0f} MiB, "
        f"rows drawn {model.history_[-1]['rows_per_class'].tolist()}, average "
        f"precision {area:.3f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--limit", type=int, default=600, help="in MiB")
    parser.add_argument("--times", type=float, default=3.0, help="table over limit")
    parser.add_argument("--members", type=int, default=3)
    options = parser.parse_args()
    limit = options.limit * 2**20
    n_parts = int(np.ceil(options.times * limit / PART_BYTES))
    # Arrow's own allocator reserves a gigabyte of addresses, which would count, and so
    # would what each thread's heap keeps for later.
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    os.environ["MALLOC_ARENA_MAX"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write(Path(folder), n_parts)
        print(
            f"{n_parts * PART_ROWS:,} rows x {N_COLUMNS} columns, "
            f"{n_parts * PART_BYTES / 2**20:.0f} MiB, in {n_parts} files "
            f"({time.perf_counter() - start:.0f} s); limit {options.limit} MiB",
            flush=True,
        )
        context = multiprocessing.get_context("spawn")
        for which in ("sample", "candidates", "all"):
            arguments = (Path(folder), limit, n_parts * PART_BYTES, options.members)
            child = context.Process(target=in_bounds, args=(*arguments, which))
            child.start()
            child.join()
            if child.exitcode:
                raise SystemExit(child.exitcode)


if __name__ == "__main__":
    main()
