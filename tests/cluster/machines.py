"""A Dask cluster of real processes on this machine's loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


class DaskMachines:
    """A scheduler, and workers that can be killed one by one.

    Parameters
    ----------
    folder : Path
        For their files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contact = folder / "scheduler.json"
        self._environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "PYTHONWARNINGS": "ignore",
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        }
        self._scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(self._contact),
        )  # fmt: skip
        self.workers: list[subprocess.Popen[bytes]] = []
        self.address = self._wait_for_address()

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", what, *arguments],
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
            )

    def _wait_for_address(self) -> str:
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            try:
                return str(json.loads(self._contact.read_text())["address"])
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.1)
        raise TimeoutError((self._folder / "log").read_text())

    def add_worker(self, n_threads: int = 1, preload: Path | None = None) -> None:
        """Start a worker: one process without a nanny that would start it anew."""
        options = [] if preload is None else ["--preload", str(preload)]
        self.workers.append(
            self._start(
                "worker", self.address, "--nthreads", str(n_threads), "--no-nanny",
                "--no-dashboard", "--host", "127.0.0.1", "--memory-limit", "0",
                "--local-directory", str(self._folder), *options,
            )
        )  # fmt: skip

    def wait_for_workers(self, n_workers: int) -> None:
        """Wait until so many can be given work."""
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(n_workers, timeout=60)

    def kill_worker(self, number: int) -> None:
        """Kill a worker as the machine's loss would."""
        os.kill(self.workers[number].pid, signal.SIGKILL)
        self.workers[number].wait()

    def kill_scheduler(self) -> None:
        """Kill the scheduler."""
        os.kill(self._scheduler.pid, signal.SIGKILL)
        self._scheduler.wait()

    def close(self) -> None:
        """Kill everything."""
        for process in (*self.workers, self._scheduler):
            if process.poll() is None:
                process.kill()
            process.wait()
