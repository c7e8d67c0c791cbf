"""Empty folders for data and cache, and an origin on this machine."""

# SPDX-License-Identifier: BSD-3-Clause

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest


class Homes(NamedTuple):
    """The two folders that are looked into."""

    data: Path
    cache: Path


class Web(NamedTuple):
    """A folder, and the address under which it is served."""

    folder: Path
    url: str


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        """Keep the request out of the test's output."""


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Homes:
    """Point both environment variables to empty folders."""
    folders = Homes(tmp_path / "data", tmp_path / "cache")
    folders.data.mkdir()
    folders.cache.mkdir()
    monkeypatch.setenv("TRIMTAB_DATA", str(folders.data))
    monkeypatch.setenv("TRIMTAB_CACHE", str(folders.cache))
    return folders


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Serve a folder over HTTP on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "web"
    folder.mkdir()
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield Web(folder, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        thread.join()
