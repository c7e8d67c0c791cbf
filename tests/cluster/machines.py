"""Clusters of real processes on this machine's loopback: Dask's and Ray's."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil


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


class RayMachines:
    """A Ray node, whose workers can be killed.

    Parameters
    ----------
    folder : Path
        For its files. Ray's sockets lie there, so the path must be short.
    """

    def __init__(self, folder: Path, n_slots: int = 2) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self._command = [
            str(Path(sys.executable).with_name("ray")), "start", "--head", "--block",
            "--port", str(port), "--num-cpus", str(n_slots),
            "--node-ip-address", "127.0.0.1", "--include-dashboard", "false",
            "--disable-usage-stats", "--object-store-memory", "100000000",
            "--temp-dir", str(folder),
        ]  # fmt: skip
        self._log = folder / "start.log"
        self._node: list[psutil.Process] = []
        self._head = self._start()
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                stdout=log,
                stderr=log,
                env=os.environ
                | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
                | {"PYTHONWARNINGS": "ignore"},
            )

    def _wait(self) -> None:
        """Wait for the node's last process, which starts workers."""
        give_up = time.monotonic() + 200
        while time.monotonic() < give_up:
            if self._head.poll() is not None:  # a busy machine is too slow for Ray
                self._head = self._start()
            self._node = psutil.Process(self._head.pid).children(recursive=True)
            if any("raylet" in process.name() for process in self._node):
                return
            time.sleep(0.2)
        raise TimeoutError(self._log.read_text())

    def kill_busy_worker(self) -> None:
        """Kill a process of Ray's that is at work on an errand, when there is one."""
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            for process in psutil.Process(self._head.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if "ray::_stream" in " ".join(process.cmdline()):
                        process.kill()
                        return
            time.sleep(0.1)
        raise TimeoutError("no worker of Ray's is at work")

    def close(self) -> None:
        """Kill everything."""
        processes = list(self._node)
        if self._head.poll() is None:
            head = psutil.Process(self._head.pid)
            processes += head.children(recursive=True)
            self._head.kill()
            self._head.wait()
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
