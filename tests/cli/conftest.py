"""Run the command line in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@dataclass
class Ran:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def trimtab(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ran]:
    """Run ``trimtab`` with arguments, in an empty folder."""
    from trimtab.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["trimtab", *map(str, arguments)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return run


def write_claims(folder: Path) -> Path:
    """Write a mixed table of 200 rows with a rare class that can be learned."""
    rng = np.random.default_rng(0)
    amount = rng.normal(100, 30, 200).round(2)
    fraud = (amount + rng.normal(0, 20, 200)) > 145
    frame = pd.DataFrame(
        {
            "amount": np.where(rng.random(200) < 0.1, np.nan, amount),
            "region": rng.choice(["north", "south", "east"], 200),
            "day": pd.date_range("2024-01-01", periods=200).astype(str),
            "fraud": np.where(fraud, "yes", "no"),
        }
    )
    path = folder / "claims.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def claims(tmp_path: Path) -> Path:
    """Give a mixed table, in this test's own folder."""
    return write_claims(tmp_path)
