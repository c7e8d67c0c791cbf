"""What workers of test clusters are sent to do: they import it from here."""

import os
import time

from trimtab.cluster.engine import Tell


def add_length(data: bytes, argument: bytes, tell: Tell) -> int:
    """Return the length of both; tell of each."""
    tell(b"data %d" % len(data))
    tell(b"argument %d" % len(argument))
    return len(data) + len(argument)


def wait(data: bytes, argument: bytes, tell: Tell) -> int:
    """Wait for so many seconds; return the process that did."""
    time.sleep(float(argument))
    return os.getpid()


def die(data: bytes, argument: bytes, tell: Tell) -> None:
    """End the worker's process."""
    os._exit(1)


def refuse(data: bytes, argument: bytes, tell: Tell) -> None:
    """Fail as user input does."""
    raise ValueError("not this one")
