"""The shape of the source: one direction of imports, small files, distinct names."""

# SPDX-License-Identifier: BSD-3-Clause

import sys
from collections import Counter
from pathlib import Path

import pytest
from importlinter import cli as importlinter

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "src").rglob("*.py"))
LONGEST_FILE = 400


def test_imports_run_one_way(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rooms import only downwards, as pyproject.toml lists them."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "path", sys.path.copy())

    broken = importlinter.lint_imports(no_cache=True, no_logo=True)

    assert not broken, capsys.readouterr().out


def test_no_two_source_files_share_a_name() -> None:
    """A file's name alone says which file is meant."""
    names = Counter(path.name for path in SOURCES if path.name != "__init__.py")

    assert not [name for name, count in names.items() if count > 1]


def test_no_source_file_is_long() -> None:
    """A file is read in one sitting."""
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in SOURCES
    }

    assert lengths
    assert not {name: n for name, n in lengths.items() if n > LONGEST_FILE}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_source_file_says_what_it_is(path: Path) -> None:
    """A file begins with a docstring and the licence."""
    text = path.read_text()

    assert text.startswith('"""')
    assert text.split('"""')[2].lstrip().startswith("# SPDX-License-Identifier: BSD-3")
