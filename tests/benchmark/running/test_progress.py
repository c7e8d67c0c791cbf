"""What is told while experiments run."""

# SPDX-License-Identifier: BSD-3-Clause

import re
import sys
import threading
from types import SimpleNamespace

import pytest

from trimtab.benchmark.experiment import Experiment, Outcome
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running import progress
from trimtab.benchmark.running.progress import SilentProgress, TerminalProgress

DONE, FAILED = Outcome("done"), Outcome("timeout", "over 5 s")


def experiments(**counts: int) -> list[Experiment]:
    """Return so many experiments of each method."""
    return [
        Experiment("d", method.replace("_", "-"), Protocol(99), 0, fold)
        for method, count in counts.items()
        for fold in range(count)
    ]


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the progress a clock of the test's own."""
    clock = Clock()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=clock))
    return clock


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make sure that nothing takes the captured output for a terminal."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def run(shown: TerminalProgress, clock: Clock, one: Experiment, seconds: float,
        outcome: Outcome = DONE) -> None:  # fmt: skip
    """Let an experiment run for so long."""
    shown.started(one)
    clock.now += seconds
    shown.finished(one, outcome)


@pytest.mark.usefixtures("plain")
def test_time_to_go_by_hand(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Each waiting experiment counts by the mean of its method, over the processes.

    After one slow (30 s) and one quick (10 s) there wait 3 slow, 3 quick, and 2 of a
    method not seen yet, which count as the mean of the two: (3 * 30 + 3 * 10 + 2 * 20)
    / 2 = 80 seconds.
    """
    todo = experiments(slow=4, quick=4, new=2)
    shown = TerminalProgress()

    with shown:
        shown.start(todo, done=0, n_jobs=2)
        run(shown, clock, todo[0], 30)
        run(shown, clock, todo[4], 10)
        clock.now += 21
        shown.started(todo[1])

    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "2 of 10 experiments, about 80 s to go; now slow"


@pytest.mark.usefixtures("plain")
def test_time_to_go_follows_the_mean(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of 100 and 300 seconds: three more take 600 seconds, ten minutes."""
    todo = experiments(slow=5)

    with TerminalProgress() as shown:
        shown.start(todo, done=0, n_jobs=1)
        run(shown, clock, todo[0], 100)
        run(shown, clock, todo[1], 300)

    assert capsys.readouterr().err.splitlines() == [
        "1 of 5 experiments, about 7 min to go",
        "2 of 5 experiments, about 10 min to go",
    ]


@pytest.mark.usefixtures("plain")
def test_time_to_go_knows_of_other_runners(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Others did four of the eight that waited: half the time is left."""
    todo = experiments(slow=9)

    with TerminalProgress() as shown:
        shown.start(todo, done=0, n_jobs=1)
        run(shown, clock, todo[0], 10)
        clock.now += 21
        shown.done_elsewhere(4)

    assert capsys.readouterr().err == "5 of 9 experiments, about 40 s to go\n"


@pytest.mark.usefixtures("plain")
def test_failures_are_counted(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors and time-outs, before the run ends."""
    todo = experiments(slow=3)

    with TerminalProgress() as shown:
        shown.start(todo, done=0, n_jobs=1)
        run(shown, clock, todo[0], 5, FAILED)
        run(shown, clock, todo[1], 25, FAILED)

    assert capsys.readouterr().err == (
        "2 of 3 experiments, about 15 s to go, 2 failed\n"
    )


@pytest.mark.usefixtures("plain")
def test_what_the_store_has_is_told_at_the_start(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that goes on says so, and counts on from there."""
    todo = experiments(slow=2)

    with TerminalProgress() as shown:
        shown.start(todo, done=3, n_jobs=1)
        clock.now += 21
        shown.started(todo[0])

    assert capsys.readouterr().err.splitlines() == [
        "3 of 5 experiments are in the store already",
        "3 of 5 experiments, the time to go is not known yet; now slow",
    ]


@pytest.mark.usefixtures("plain")
def test_output_to_a_file_is_plain_lines_now_and_then(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """No bar, no colours, a line every twenty seconds; names are not interpreted."""
    todo = experiments(**{"[bold]mine[/bold]": 99, "x" * 120: 1})

    with TerminalProgress() as shown:
        shown.start(todo, done=0, n_jobs=1)
        shown.started(todo[-1])
        for one in todo[:-1]:
            run(shown, clock, one, 1.0)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert not set(captured.err) & {"\x1b", "\r"}
    lines = captured.err.splitlines()
    assert [int(line.split()[0]) for line in lines] == [21, 42, 63, 84]
    pattern = r"\d+ of 100 experiments, about \d+ s to go; now x{120}"
    assert all(re.fullmatch(pattern, line) for line in lines)


@pytest.mark.usefixtures("plain")
def test_running_methods_are_named_once_each(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three processes, two of them on the same method."""
    todo = experiments(**{"[b]smote": 2, "forest": 1})

    with TerminalProgress() as shown:
        shown.start(todo, done=0, n_jobs=3)
        shown.started(todo[0])
        shown.started(todo[1])
        clock.now += 21
        shown.started(todo[2])

    assert capsys.readouterr().err.endswith("; now [b]smote, forest\n")


@pytest.mark.usefixtures("plain")
def test_trials_of_a_tuning_are_told(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """How far the search of each running experiment is, until it ends."""
    todo = experiments(smote=2, forest=1)

    with TerminalProgress() as shown:
        shown.start(todo, done=0, n_jobs=3)
        for one in todo:
            shown.started(one)
        shown.tuning(todo[0], 0, 50)
        shown.tuning(todo[1], 10, 50)
        clock.now += 21
        shown.tuning(todo[0], 20, 50)
        clock.now += 21
        shown.finished(todo[0], DONE)

    running, left = capsys.readouterr().err.splitlines()
    assert running.endswith("smote (trial 20 of 50), smote (trial 10 of 50), forest")
    assert left.endswith("now smote (trial 10 of 50), forest")


def test_terminal_has_a_bar_that_goes_away(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It counts, says what is left and what runs, and is wiped at the end."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    todo = experiments(smote=2)

    with TerminalProgress() as shown:
        shown.start(todo, done=3, n_jobs=1)
        for one in todo:
            shown.started(one)
        shown.finished(todo[0], FAILED)

    printed = capsys.readouterr().err
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", printed)
    assert "Experiments" in plain
    assert "4/5" in plain
    assert "to go, 1 failed" in plain
    assert "smote" in plain
    erase_line = "\x1b[2K"
    assert printed.rstrip().endswith(erase_line)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "0 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (5390, "90 min"),
        (5400, "1.5 h"),
        (36000, "10.0 h"),
    ],
)
@pytest.mark.usefixtures("plain")
def test_durations_are_told_in_their_unit(
    clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, shown: str
) -> None:
    """Seconds, minutes, hours."""
    todo = experiments(slow=2)

    with TerminalProgress() as bar:
        bar.start(todo, done=0, n_jobs=1)
        run(bar, clock, todo[0], seconds)
        clock.now += 21
        bar.started(todo[1])

    assert f"about {shown} to go" in capsys.readouterr().err


@pytest.mark.usefixtures("plain")
def test_experiments_may_start_in_many_threads() -> None:
    """While some start, others finish: nothing is lost and nothing breaks."""
    names = {f"method_{i}": 1 for i in range(400)}
    todo = experiments(**names)
    shown = TerminalProgress()
    errors: list[BaseException] = []

    def work(part: list[Experiment]) -> None:
        try:
            for one in part:
                shown.started(one)
                shown.finished(one, DONE)
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with shown:
            shown.start(todo, done=0, n_jobs=8)
            threads = [
                threading.Thread(target=work, args=(todo[i::8],)) for i in range(8)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)

    assert not errors
    assert shown._done == 400


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is told anything."""
    todo = experiments(slow=1)

    with SilentProgress() as silent:
        silent.start(todo, 0, 1)
        silent.started(todo[0])
        silent.finished(todo[0], DONE)
        silent.done_elsewhere(1)

    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
