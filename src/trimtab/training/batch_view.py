"""What a draw that learns sees of a training run."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.sampling.draw import RowsByClass
from trimtab.sampling.meta_draw import LastLayer
from trimtab.stacked_layers import StackedLinear
from trimtab.training.networks import StackedCNN, StackedMLP

if TYPE_CHECKING:
    from trimtab.training.training_run import TrainingRun

__all__ = ["RunView"]


class RunView:
    """A training run, seen from its draw; see `trimtab.sampling.meta_draw.BatchView`.

    Parameters
    ----------
    run : TrainingRun
        Of one of trimtab's own networks, whose last layer is linear.

    Raises
    ------
    InputError
        Where the network is another one.
    """

    def __init__(self, run: "TrainingRun") -> None:
        network = run.network
        layers = [part for part in network.modules() if isinstance(part, StackedLinear)]
        ends_linear = (
            isinstance(network, (StackedMLP, StackedCNN))
            and _last_part(network) is layers[-1]
        )
        if not ends_linear:
            raise InputError(
                f"a draw that learns needs a network of trimtab with a linear last "
                f"layer, not {type(network).__name__} under "
                f"{type(run.trainer.loss).__name__}: leave network out, and take the "
                "loss 'balanced-softmax'"
            )
        self._run = run
        self._layer = layers[-1]
        self.batch_size = 0

    @property
    def present(self) -> NDArray[np.int64]:
        """The replicas that are still trained."""
        return self._run.present

    @property
    def by_class(self) -> RowsByClass:
        """Their training rows."""
        return self._run.by_class

    @property
    def generators(self) -> Sequence[torch.Generator]:
        """Their random streams."""
        return self._run.generators

    @torch.no_grad()
    def last_layer(self, rows: Tensor) -> tuple[LastLayer, Tensor]:
        """Return the last layer, what comes into it for some rows, their classes."""
        run = self._run
        replicas = torch.from_numpy(run.present).to(run.rows.device)
        numbers = rows.to(run.rows.device)
        seen: list[Tensor] = []

        def remember(_: Any, arguments: tuple[Tensor, ...]) -> None:
            seen.append(arguments[0])

        hook = self._layer.register_forward_pre_hook(remember)
        run.network.eval()
        [batch] = run.rows.batches(numbers, replicas, rows.shape[1])
        run.network(batch[0])
        run.network.train()
        hook.remove()
        return LastLayer(seen[0], self._layer.weight, self._layer.bias), batch[1]


def _last_part(network: StackedMLP | StackedCNN) -> torch.nn.Module:
    head = network.head if isinstance(network, StackedCNN) else network
    last: torch.nn.Module = head.layers[-1]
    return last
