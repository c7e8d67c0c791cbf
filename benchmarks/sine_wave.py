"""Points that move towards a sine wave, for several numbers of points.

Section 4 and appendix A of the Explicit Gradient paper. Run: ``python
benchmarks/sine_wave.py --out docs/results/eg-sine.csv``. All draws of one setting are
trained as one.
"""

# SPDX-License-Identifier: BSD-3-Clause

import argparse
import csv
import sys
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trimtab.explicit_gradient import MovedPoints, fit_moving_points

SETTINGS = [(10, 10), (10, 20), (10, 40), (20, 20), (40, 20)]
"""Points of the wave, half of them to train on; and made points."""

GRID = np.linspace(-5, 5, 300)


def wave(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the true function: amplitude 1, frequency pi / 2, phase 0."""
    value: NDArray[np.float64] = np.sin(np.pi / 2 * x)
    return value


def error(fitted: MovedPoints) -> float:
    """Return the median over the draws of the error over the whole interval."""
    squared = (fitted.predict(GRID[:, None]) - wave(GRID)) ** 2
    return float(np.median(squared.mean(axis=1)))


def one_setting(n_real: int, n_made: int, n_draws: int) -> dict[str, float]:
    """Train with points that move, that stay, and with none."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-5, 5, (n_draws, n_real, 1))
    y, half = wave(x[..., 0]), n_real // 2
    train, meta = (x[:, :half], y[:, :half]), (x[:, half:], y[:, half:])
    made: Any = (
        rng.uniform(-5, 5, (n_draws, n_made, 1)),
        rng.uniform(-1, 1, (n_draws, n_made)),
    )
    seeds = range(n_draws)
    moved = fit_moving_points(train, meta, made, seeds=seeds)
    stayed = fit_moving_points(train, meta, made, seeds=seeds, point_learning_rate=0)
    options: dict[str, Any] = {"n_first_epochs": 1999, "n_epochs": 1}
    plain = fit_moving_points(
        (x, y), meta, (x, y), seeds=seeds, point_learning_rate=0, **options
    )
    return {
        "points of the wave": n_real,
        "made points": n_made,
        "all points, none made": round(error(plain), 3),
        "made points stay": round(error(stayed), 3),
        "made points move": round(error(moved), 3),
        "at the guides, as they move": round(
            float(np.median(moved.meta_losses[-1])), 3
        ),
    }


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--out", default=None)
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = [one_setting(*setting, options.draws) for setting in SETTINGS]
    out = open(options.out, "w", newline="") if options.out else sys.stdout  # noqa: SIM115
    writer = csv.DictWriter(out, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    if options.out:
        out.close()


if __name__ == "__main__":
    main()
