"""What all tests share: data, a browser, a database, a cluster, and their absence.

A test that needs what this machine lacks is skipped with a line that says what to
provide. Where ``TRIMTAB_REQUIRE_ALL=1`` is set, as in continuous integration, it
fails instead, so that nothing goes untested unseen.
"""

# SPDX-License-Identifier: BSD-3-Clause

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def _missing_data() -> str | None:
    folder = os.environ.get("TRIMTAB_DATA")
    if folder and Path(folder).is_dir():
        return None
    return "set TRIMTAB_DATA to the folder of the benchmark data sets"


def _missing_browser() -> str | None:
    if _browser_path():
        return None
    return f"install Chromium: none of {', '.join(BROWSERS)} is on the PATH"


def _missing_postgres() -> str | None:
    if os.environ.get("TRIMTAB_TEST_POSTGRES"):
        return None
    return "set TRIMTAB_TEST_POSTGRES to the URL of a PostgreSQL server"


def _browser_path() -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


WHAT_IS_MISSING: dict[str, Callable[[], str | None]] = {
    "data": _missing_data,
    "browser": _missing_browser,
    "postgres": _missing_postgres,
}


def _require(marker: str) -> None:
    """Skip or fail the running test where what `marker` stands for is missing."""
    reason = WHAT_IS_MISSING[marker]()
    if reason is None:
        return
    if os.environ.get("TRIMTAB_REQUIRE_ALL") == "1":
        pytest.fail(f"{reason} (TRIMTAB_REQUIRE_ALL is set)", pytrace=False)
    pytest.skip(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let marked tests run only where they can."""
    for marker in WHAT_IS_MISSING:
        if item.get_closest_marker(marker):
            _require(marker)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests, and the processes they start, away from the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIMTAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _used_workers(_own_cache: None) -> Iterator[None]:
    """Let runners in this process take over the idle workers of earlier ones."""
    from tests.used_workers import HandingOnPool

    with pytest.MonkeyPatch.context() as patch:
        module = "trimtab.benchmark.running.runner"
        patch.setattr(f"{module}.WorkerPool", HandingOnPool)
        yield
    HandingOnPool.close_left()


@pytest.fixture(scope="session")
def data_home() -> Path:
    """Give the folder of the benchmark data sets."""
    _require("data")
    return Path(os.environ["TRIMTAB_DATA"])


@pytest.fixture(scope="module")
def _browser() -> Iterator[Any]:
    """Start the browser; per module, because Playwright keeps an event loop running."""
    _require("browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_browser_path(), args=[*BROWSER_ARGUMENTS]
        )
        yield browser
        browser.close()


@pytest.fixture
def chromium(_browser: Any) -> Iterator[Callable[..., Any]]:
    """Give a factory of empty browser pages that cannot reach any network.

    ``page = chromium(color_scheme="dark", viewport={"width": 390, "height": 844})``
    takes the options of Playwright's ``Browser.new_context``. Open a file with
    ``page.goto(path.as_uri())``.
    """
    contexts = []

    def new_page(**options: Any) -> Any:
        contexts.append(_browser.new_context(**{"offline": True, **options}))
        return contexts[-1].new_page()

    yield new_page
    for context in contexts:
        context.close()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Give the URL of a new, empty database; it is dropped after the test."""
    _require("postgres")
    from sqlalchemy import create_engine, make_url, text

    server = make_url(os.environ["TRIMTAB_TEST_POSTGRES"])
    server = server.set(drivername="postgresql+psycopg")
    server = server if server.database else server.set(database="postgres")
    name = f"trimtab_test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Any]:
    """Give a Dask scheduler of this test's own, without workers."""
    from tests.cluster.machines import DaskMachines

    folder = tmp_path / "machines"
    folder.mkdir()
    started = DaskMachines(folder)
    yield started
    started.close()
