"""A PostgreSQL server of a test's own, which it may stop and start."""

# SPDX-License-Identifier: BSD-3-Clause

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


def find_binaries() -> Path | None:
    """Return the folder of PostgreSQL's programs: on the PATH, or Debian's newest."""
    on_path = shutil.which("pg_ctl")
    if on_path and shutil.which("initdb"):
        return Path(on_path).parent
    found = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    return max((p.parent for p in found), key=_version, default=None)


def _version(folder: Path) -> float:
    name = folder.parent.name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


class OwnPostgres:
    """A server on loopback.

    Parameters
    ----------
    binaries : Path
        The folder of PostgreSQL's programs.
    """

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._home = Path(tempfile.mkdtemp(prefix="trimtab-postgres-"))
        if os.geteuid() == 0:  # as root PostgreSQL refuses to run
            shutil.chown(self._home, "postgres")
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self._port = found.getsockname()[1]
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self._port}/postgres"
        self._call(
            "initdb", "-D", str(self._home / "data"), "-U", "postgres", "--auth=trust",
            "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        self.start()

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-c listen_addresses=127.0.0.1 -p {self._port} -k {self._home}"
        self._call(
            "pg_ctl", "-D", str(self._home / "data"), "-l", str(self._home / "log"),
            "-w", "-t", "60", "-o", f"{options} -c fsync=off", "start",
        )  # fmt: skip

    def crash(self) -> None:
        """Stop it as a crash does: transactions at work are lost."""
        self._call("pg_ctl", "-D", str(self._home / "data"), "-m", "immediate", "stop")

    def close(self) -> None:
        """Stop it, and remove what it kept."""
        self.crash()
        shutil.rmtree(self._home)
