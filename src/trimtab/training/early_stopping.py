"""When a replica stops, and the weights it goes back to."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.training.replica_network import ReplicaNetwork

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Each replica's lowest held-out loss, and its weights at that epoch.

    Parameters
    ----------
    n_replicas : int
        How many networks are trained side by side.
    patience : int or None
        A replica stops after so many epochs without a lower loss; None: never.

    Attributes
    ----------
    best_losses : ndarray of float of shape (n_replicas,)
        Infinite at first.
    best_epochs : ndarray of int of shape (n_replicas,)
        Counted from 1; 0 while no loss was finite.
    running : ndarray of bool of shape (n_replicas,)
        False for the replicas that have stopped.
    first_epochs : ndarray of int of shape (n_replicas,)
        From this epoch on losses are compared anew, and no replica stops before it; 1
        at first. For losses that change in the course of a training.
    """

    def __init__(self, n_replicas: int, patience: int | None) -> None:
        self.patience = patience
        self.best_losses = np.full(n_replicas, np.inf)
        self.best_epochs = np.zeros(n_replicas, dtype=np.int64)
        self.running = np.ones(n_replicas, dtype=bool)
        self.first_epochs = np.ones(n_replicas, dtype=np.int64)
        self._best_state: dict[str, Tensor] = {}

    def update(
        self,
        epoch: int,
        network: ReplicaNetwork,
        replicas: NDArray[np.int64],
        losses: NDArray[np.float64],
    ) -> None:
        """Take notice of an epoch's held-out losses.

        Parameters
        ----------
        epoch : int
            Counted from 1.
        network : ReplicaNetwork
            After that epoch.
        replicas : ndarray of int of shape (n_present,)
            Which replicas the network holds, in its order.
        losses : ndarray of float of shape (n_present,)
            Their held-out losses. Those of stopped replicas are passed over.
        """
        self.best_losses[epoch == self.first_epochs] = np.inf
        better = (losses < self.best_losses[replicas]) & self.running[replicas]
        improved = replicas[better]
        self.best_losses[improved] = losses[better]
        self.best_epochs[improved] = epoch
        if len(improved):
            self._save(network, np.flatnonzero(better), improved)
        if self.patience is not None:
            waited = epoch - np.maximum(self.best_epochs, self.first_epochs - 1)
            self.running &= waited < self.patience

    def _save(
        self,
        network: ReplicaNetwork,
        positions: NDArray[np.int64],
        replicas: NDArray[np.int64],
    ) -> None:
        state = network.export_state(torch.from_numpy(positions))
        for name, value in state.items():
            if name not in self._best_state:
                shape = (len(self.running), *value.shape[1:])
                self._best_state[name] = value.new_zeros(shape)
            self._best_state[name][torch.from_numpy(replicas)] = value

    def restore(self, network: ReplicaNetwork) -> None:
        """Give every replica the weights of its best epoch.

        Raises
        ------
        InputError
            Where a replica never had a finite loss.
        """
        lost = np.flatnonzero(self.best_epochs == 0)
        if len(lost):
            raise InputError(
                f"the held-out loss of replica {lost[0]} was never finite: scale X to "
                "zero mean and unit variance, or lower learning_rate_init"
            )
        network.import_state(self._best_state)
