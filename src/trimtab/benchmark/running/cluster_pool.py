"""Runs experiments on a cluster, for the runner that owns the store."""

# SPDX-License-Identifier: BSD-3-Clause

import contextlib
import hashlib
import pickle
import threading
import uuid
from collections import OrderedDict
from dataclasses import replace

import cloudpickle

from trimtab.benchmark.experiment import Outcome
from trimtab.benchmark.running.site import Order, close_site, run_order
from trimtab.benchmark.running.worker import OnMessage, Request
from trimtab.benchmark.sources import SentSource, TableSource, table_bytes
from trimtab.benchmark.versions import library_versions
from trimtab.cluster.connection import connect
from trimtab.cluster.engine import Cluster, Engine, Sent, WorkersDiedError

__all__ = ["ClusterPool"]

_KEPT_TABLES = 4  # experiments come data set by data set: few are at work at once


class ClusterPool:
    """The workers of a cluster.

    It is asked as `trimtab.benchmark.running.worker.WorkerPool` is.

    Parameters
    ----------
    cluster : Cluster
        Where experiments run. It is left when the pool is.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._run = uuid.uuid4().hex
        self._versions = library_versions()
        self._tables: OrderedDict[TableSource, tuple[str, Sent]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, engine: Engine) -> "ClusterPool":
        """Return the pool of an engine's cluster; errors as of `connect`."""
        return cls(connect(engine))

    @property
    def n_slots(self) -> int:
        """How many experiments run at once."""
        return self._cluster.n_slots

    def run(
        self,
        request: Request,
        time_limit: float | None,
        on_message: OnMessage,
    ) -> Outcome:
        """Run one experiment on some worker; see `Worker.run`.

        One whose worker dies is begun anew on another; when that dies too, and two
        more, it is an error.
        """
        digest, table = self._table(request.source)
        sent = SentSource(request.source.name, digest)
        order = Order(
            self._run,
            digest,
            cloudpickle.dumps(replace(request, source=sent)),
            time_limit,
            self._versions,
        )
        try:
            outcome: Outcome = self._cluster.run(
                run_order,
                table,
                pickle.dumps(order),
                lambda message: on_message(pickle.loads(message)),
            )
        except WorkersDiedError as error:
            return Outcome("error", str(error))
        return outcome

    def _table(self, source: TableSource) -> tuple[str, Sent]:
        """Return a table's digest and what is sent of it, the same for all threads."""
        with self._lock:
            if source not in self._tables:
                digest = hashlib.sha256(repr(source).encode()).hexdigest()[:32]
                self._tables[source] = digest, Sent(lambda: table_bytes(source))
                if len(self._tables) > _KEPT_TABLES:
                    self._tables.popitem(last=False)
            self._tables.move_to_end(source)
            return self._tables[source]

    def __enter__(self) -> "ClusterPool":
        return self

    def __exit__(self, *exception: object) -> None:
        with contextlib.suppress(Exception):  # a lost cluster has nothing to close
            self._cluster.everywhere(close_site, self._run)
        self._cluster.close()
