"""What the documentation tells users to type exists."""

# SPDX-License-Identifier: BSD-3-Clause

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from trimtab.benchmark.suites.suite import load_suite
from trimtab.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.rst"))]
COMMANDS = {
    " ".join(line.split())
    for page in PAGES
    if "generated" not in page.parts
    for line in re.findall(r"^\s*\$ (trimtab .*)$", page.read_text(), re.MULTILINE)
}


@pytest.mark.parametrize("line", sorted(COMMANDS))
def test_command_in_the_documentation_exists(line: str) -> None:
    """The command, and each option it is shown with, is one of the command line's."""
    words = shlex.split(line, comments=True)[1:]
    command = get_command(app)
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in words if word.startswith("--")} <= known


def test_suite_of_the_user_guide_can_be_loaded() -> None:
    """The example of a suite is one."""
    suite = load_suite(str(ROOT / "docs" / "examples" / "suite.toml"))

    assert [entry.label for entry in suite.entries][-1] == "small forest"
    assert len(suite.experiments()) == 2 * 3 * 2 * 5
