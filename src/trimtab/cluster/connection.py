"""The cluster that an engine names."""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.cluster.dask_cluster import DaskCluster
from trimtab.cluster.engine import Cluster, Engine
from trimtab.cluster.ray_cluster import RayCluster

__all__ = ["connect"]


def connect(engine: Engine) -> Cluster:
    """Return a cluster.

    Parameters
    ----------
    engine : Engine
        Not the local one.

    Raises
    ------
    MissingExtraError
        Where Dask or Ray is not installed.
    InputError
        Where the scheduler does not answer, has no workers, or these lack trimtab.
    """
    assert engine.scheduler is not None
    kind = DaskCluster if engine.name == "dask" else RayCluster
    return kind(engine.scheduler)
