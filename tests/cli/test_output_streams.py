"""What happens to what is printed where it cannot be, and to who is stopped."""

# SPDX-License-Identifier: BSD-3-Clause

import codecs
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.cli import output_streams

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [["methods"], ["--version"], ["bench", "--help"]])
def test_a_full_disk_is_told_in_a_line(command: list[str], unbuffered: str) -> None:
    """Whether it shows when it is printed or at the end."""
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "trimtab.cli", *command],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("trimtab: what this command prints cannot be written")
    assert done.stderr.count("\n") == 1


def test_other_errors_of_the_system_stay_what_they_are(capsys) -> None:
    """Only output that fails is output that fails."""
    with pytest.raises(PermissionError), output_streams.written_out():
        raise PermissionError(13, "Permission denied")


def test_nobody_who_reads_on_is_no_error() -> None:
    """As with `head`: no line, no traceback."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "trimtab.cli", "--version"],
        stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_signs_become_plain_letters() -> None:
    """A minus is a minus in every encoding; what has no plain form is a question."""
    output_streams.print_what_can_be()
    assert "−0.5 ± 0.1 μ 列".encode("ascii", "trimtab-plain") == b"-0.5 +/- 0.1 mu ?"
    assert "0.1 ± 0.2".encode("latin-1", "trimtab-plain") == b"0.1 \xb1 0.2"
    with pytest.raises(UnicodeDecodeError):
        codecs.decode(b"\xff", "ascii", "trimtab-plain")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_who_is_stopped_early_is_told(trimtab, monkeypatch, name: str) -> None:
    """While a table is read there is nothing to go on with yet."""

    def stopped(*_: object) -> None:
        signal.raise_signal(getattr(signal, name))

    monkeypatch.setattr("trimtab.cli.compare_command.load_table", stopped)
    # Whoever runs the tests in the background may have this one ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        ran = trimtab("compare", "sklearn/digits8")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (ran.code, ran.out) == (130, "")
    assert ran.err == "trimtab: stopped before anything was run\n"
