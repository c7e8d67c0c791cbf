"""What users get: the wheel, the public names, and a start that costs nothing."""

# SPDX-License-Identifier: BSD-3-Clause

import json
import resource
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import trimtab

ROOT = Path(__file__).parent.parent
HEAVY = (
    "dask", "distributed", "faiss", "gymnasium", "imblearn", "lightgbm", "matplotlib",
    "numpy", "pandas", "plotly", "pyarrow", "ray", "scipy", "skrub", "sklearn",
    "sqlalchemy", "stable_baselines3", "statsmodels", "torch", "xgboost",
)  # fmt: skip
OPTIONAL = (
    "accelerate", "cloudpickle", "dask", "distributed", "faiss", "gymnasium", "jinja2",
    "lightning", "matplotlib", "optuna", "pandas", "plotly", "psutil", "psycopg",
    "pyarrow", "ray", "skorch", "skrub", "sqlalchemy", "stable_baselines3",
    "statsmodels", "transformers", "xgboost",
)  # fmt: skip
"""What the extras bring and the core does not need."""

HELP = """
import sys
sys.argv = ["trimtab", "--help"]
from trimtab.cli import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""
LIST_MODULES = "\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
BLOCK_OPTIONAL = f"""
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OPTIONAL!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Block())
"""


def run_python(code: str) -> str:
    """Return what a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that the checkout stays as it is."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        ROOT / "src",
        source / "src",
        ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"),
    )
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(source)],
        check=True,
        capture_output=True,
    )
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    """Code, suites, page templates and the typing marker are all in the wheel."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    ours = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "trimtab").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert not ours - inside
    assert "trimtab/py.typed" in inside
    assert any(name.startswith("trimtab/benchmark/suites/") for name in inside)
    assert any(name.startswith("trimtab/report/") for name in inside)


def test_wheel_answers_help_with_core_dependencies_alone(
    wheel: Path, tmp_path: Path
) -> None:
    """The command line helps where none of the extras is installed."""
    zipfile.ZipFile(wheel).extractall(tmp_path)
    from_wheel = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"

    printed = run_python(
        from_wheel + BLOCK_OPTIONAL + HELP + "\nprint(sys.modules['trimtab'].__file__)"
    )

    assert "compare" in printed
    assert str(tmp_path) in printed


@pytest.mark.parametrize("code", ["import trimtab", HELP], ids=["import", "help"])
def test_nothing_heavy_is_imported_at_the_start(code: str) -> None:
    """Importing trimtab, or asking for help, loads no heavy library."""
    modules = json.loads(run_python(code + LIST_MODULES).splitlines()[-1])

    assert not set(HEAVY) & set(modules)


def test_what_holds_no_network_loads_no_torch() -> None:
    """It would double the start of a process, and of each of many workers.

    The last line is what a worker of a comparison imports before the first request.
    """
    starts = (
        "from trimtab import compare, MESAClassifier, MetaSampler, MSMOTE\n"
        "from trimtab import RAMOBoostClassifier, SMOTEBoostClassifier\n"
        "from trimtab import SMOTEBaggingClassifier, UnderSamplingEnsembleClassifier\n"
        "from trimtab.benchmark.running.worker import load_what_fits_need as load\n"
        "load()"
    )
    modules = json.loads(run_python(starts + LIST_MODULES).splitlines()[-1])

    assert "lightgbm" in modules
    assert "torch" not in modules


def test_help_answers_within_half_a_second() -> None:
    """Help is there before one wonders; processor time, for a busy machine's sake."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run_python(HELP)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(
            after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        )

    assert 0 < min(seconds) < 0.5


def test_public_names_are_found_and_listed() -> None:
    """Every public name can be imported, and completion shows it beforehand."""
    listed = run_python("import trimtab; print(*dir(trimtab))").split()

    for name in trimtab.__all__:
        assert name in listed
        assert getattr(trimtab, name) is not None
    assert trimtab.__version__[0].isdigit()


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as on any module."""
    with pytest.raises(AttributeError, match="no attribute 'compair'"):
        trimtab.compair  # noqa: B018


def test_comparing_without_its_libraries_names_the_extra() -> None:
    """Python says what the command line says: how the library is installed."""
    attempt = (
        "import sys; sys.modules['pandas'] = None\n"
        "try:\n    from trimtab import compare\n"
        "except ImportError as error:\n    print(error)"
    )

    printed = run_python(attempt)

    assert printed.startswith("pandas is not installed")
    assert "pip install 'trimtab[compare]'" in printed
