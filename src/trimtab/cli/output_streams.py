"""Where the command line prints to: encodings that lack a character, full disks."""

# SPDX-License-Identifier: BSD-3-Clause

import codecs
import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper

from trimtab.exceptions import InputError

__all__ = ["print_what_can_be", "written_out"]

_HANDLER = "trimtab-plain"
_PLAIN = {"−": "-", "–": "-", "—": "-", "±": "+/-", "×": "x", "…": "...", "μ": "mu"}


def print_what_can_be() -> None:
    """Put plain letters for what the terminal's encoding lacks, such as ± or −."""
    codecs.register_error(_HANDLER, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what stands in for one need not have it
            stream.reconfigure(errors=_HANDLER)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(letter, "?") for letter in lacking), error.end


@contextmanager
def written_out() -> Iterator[None]:
    """See to it that what was printed is written, or say why it is not.

    Raises
    ------
    InputError
        Where it cannot be, as on a full disk. Nobody who reads on is no error.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        reason = _failure_to_write()
        if reason is None:  # the error is of something else
            raise
        _give_up_printing()
        if isinstance(reason, BrokenPipeError):
            sys.exit(1)
        raise InputError(
            f"what this command prints cannot be written ({error.strerror}): make "
            "room there, or send it elsewhere"
        ) from None


def _failure_to_write() -> OSError | None:
    """Return why standard output takes nothing, not even a blank line."""
    try:
        print(flush=True)
    except OSError as error:
        return error
    return None


def _give_up_printing() -> None:
    """Let the interpreter, too, write nothing more when it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
