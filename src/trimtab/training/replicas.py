"""Any ``torch.nn.Module`` as R replicas: stacked by ``torch.func``, or in turn.

Stacking needs a module that ``torch.func.vmap`` can trace. Plain dropout layers are
given masks from each replica's own stream. Other layers that draw random numbers,
recurrent layers and control flow that looks at values cannot be stacked; such modules
are run one after another, each with a random stream of its own.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from trimtab.exceptions import InputError
from trimtab.random_streams import FIRST_NOISE, borrowed_stream, generator_for
from trimtab.training.replica_network import (
    ReplicaDropout,
    ReplicaNetwork,
    StackedNetwork,
)

__all__ = [
    "SequentialModules",
    "StackedModules",
    "first_line",
    "replicate",
    "stacking_obstacle",
]


class _GivenMask(nn.Module):
    """What stands for a dropout layer in a stacked module."""

    def __init__(self) -> None:
        super().__init__()
        self.mask: Tensor
        self.register_buffer("mask", torch.empty(0, device="meta"))
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the mask; without one, remember what shape it should have."""
        if not self.training:
            return x
        if self.mask.numel() == 0:
            self.shapes.append(tuple(x.shape))
            return x
        return x * self.mask.to(x.dtype)


def _take_out_dropout(module: nn.Module) -> dict[str, float]:
    """Replace plain dropout layers in place; return their rates by name."""
    rates = {
        name: layer.p
        for name, layer in module.named_modules()
        if type(layer) is nn.Dropout and layer.p < 1 and name
    }
    for name in rates:
        module.set_submodule(name, _GivenMask())
    return rates


class _Templates(threading.local):
    """Each thread's own templates: a call puts the weights of one replica into it."""

    def __init__(self) -> None:
        self.by_network: WeakKeyDictionary[nn.Module, nn.Module] = WeakKeyDictionary()


_TEMPLATES = _Templates()


class StackedModules(StackedNetwork):
    """Modules of one kind as one network, by ``torch.func``.

    Parameters
    ----------
    modules : sequence of nn.Module
        One per replica. Their weights are copied.
    seeds : sequence of int
        One seed per replica, for the masks of its dropout layers.

    Notes
    -----
    Buffers are stacked like parameters, and what a layer writes into them while
    training stays with its replica: batch normalisation keeps R running means.
    """

    def __init__(self, modules: Sequence[nn.Module], seeds: Sequence[int]) -> None:
        super().__init__()
        parameters, buffers = torch.func.stack_module_state(list(modules))
        self._parameter_names = list(parameters)
        self._buffer_names = list(buffers)
        self.weights = nn.ParameterList(
            nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad)
            for value in parameters.values()
        )
        for number, value in enumerate(buffers.values()):
            self.register_buffer(f"buffer_{number}", value)
        template = copy.deepcopy(modules[0]).to("meta")
        rates = _take_out_dropout(template)
        self._dropout_names = list(rates)
        self._mask_shapes: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        self.dropouts = nn.ModuleList(
            ReplicaDropout(rate, seeds, number)
            for number, rate in enumerate(rates.values())
        )
        # In a tuple, so that its parameters, which hold nothing, are not found. Only
        # copies of it are called.
        self._template = (template,)

    def _own_template(self) -> nn.Module:
        """Return this thread's template, in training or in evaluation as this is."""
        template = _TEMPLATES.by_network.get(self)
        if template is None:
            template = copy.deepcopy(self._template[0])
            _TEMPLATES.by_network[self] = template
        if template.training != self.training:
            template.train(self.training)
        return template

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape ``(R, batch, n_outputs)``."""
        weights = dict(zip(self._parameter_names, self.weights, strict=True))
        buffers = dict(zip(self._buffer_names, self.buffers(), strict=True))
        if self.training and self._dropout_names:
            buffers |= self._masks(x)
        template = self._own_template()

        def call_one(
            weights: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor
        ) -> Tensor:
            logits: Tensor = torch.func.functional_call(
                template, (weights, buffers), (x,)
            )
            return logits

        logits: Tensor = torch.func.vmap(call_one, randomness="error")(
            weights, buffers, x
        )
        return logits

    def _masks(self, x: Tensor) -> dict[str, Tensor]:
        """Return the masks of this batch, by the names of the template's buffers."""
        rows = tuple(x.shape[1:])
        if rows not in self._mask_shapes:
            self._mask_shapes[rows] = self._shapes_of_masks(x[0])
        shapes = self._mask_shapes[rows]
        return {
            f"{name}.mask": dropout.masks((len(x), *shape), x.device)
            for name, dropout, shape in zip(
                self._dropout_names, self._dropouts(), shapes, strict=True
            )
        }

    def _shapes_of_masks(self, x: Tensor) -> list[tuple[int, ...]]:
        """Run the template without numbers to see what its dropout layers get."""
        template = self._own_template()
        layers = [part for part in template.modules() if isinstance(part, _GivenMask)]
        for layer in layers:
            layer.shapes = []
        with torch.no_grad():
            template(x.to("meta"))
        for name, layer in zip(self._dropout_names, layers, strict=True):
            if len(layer.shapes) != 1:
                raise RuntimeError(f"dropout {name!r} runs {len(layer.shapes)} times")
        return [layer.shapes[0] for layer in layers]


class SequentialModules(ReplicaNetwork):
    """Modules of any kind behind the same interface, run one after another.

    Parameters
    ----------
    modules : sequence of nn.Module
        One per replica.
    seeds : sequence of int
        One seed per replica: random layers draw from a stream of their own.
    """

    def __init__(self, modules: Sequence[nn.Module], seeds: Sequence[int]) -> None:
        super().__init__()
        self.replicas = nn.ModuleList(modules)
        self.seeds = list(seeds)
        self._reset()

    def _reset(self) -> None:
        self._alive = list(range(len(self.replicas)))
        self._streams: dict[int, Tensor] = {}

    @property
    def n_replicas(self) -> int:
        """How many replicas a batch is for at this moment."""
        return len(self._alive)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits of shape ``(R, batch, n_outputs)``."""
        logits = []
        for replica, rows in zip(self._alive, x, strict=True):
            with self._own_randomness(replica, x.device):
                logits.append(self.replicas[replica](rows))
        return torch.stack(logits)

    @contextmanager
    def _own_randomness(self, replica: int, device: torch.device) -> Iterator[None]:
        if not self.training:
            yield
            return
        library = torch if device.type == "cpu" else getattr(torch, device.type)
        if replica not in self._streams:
            stream = generator_for(self.seeds[replica], FIRST_NOISE, device)
            self._streams[replica] = stream.get_state()
        with borrowed_stream():
            before = library.get_rng_state()
            library.set_rng_state(self._streams[replica])
            try:
                yield
            finally:
                self._streams[replica] = library.get_rng_state()
                library.set_rng_state(before)

    def keep(self, positions: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Go on with the replicas at these positions only.

        The others get no more gradients, and so the optimiser passes them over.
        """
        self._alive = [self._alive[position] for position in positions.tolist()]
        optimizer.zero_grad(set_to_none=True)

    def export_state(self, positions: Tensor) -> dict[str, Tensor]:
        """Return copies of all weights of some replicas, replica axis first."""
        states = [
            self.replicas[self._alive[position]].state_dict()
            for position in positions.tolist()
        ]
        return {name: torch.stack([s[name] for s in states]) for name in states[0]}

    def import_state(self, state: dict[str, Tensor]) -> None:
        """Take the weights of all replicas, those that were let go included."""
        for number, module in enumerate(self.replicas):
            module.load_state_dict(
                {name: value[number] for name, value in state.items()}
            )
        self._reset()


def first_line(error: Exception) -> str:
    """Return the first sentence of what an error says."""
    return str(error).split(". ")[0].splitlines()[0]


def stacking_obstacle(network: StackedModules, x: Tensor) -> str | None:
    """Return why modules cannot be stacked, or None.

    Parameters
    ----------
    network : StackedModules
        A copy of it is tried in training mode.
    x : Tensor of shape (R, batch, ...)
        A few rows.

    Returns
    -------
    str or None
        What PyTorch says, in one line.
    """
    try:
        with torch.enable_grad():
            copy.deepcopy(network).train()(x).sum().backward()
    except Exception as error:  # vmap has many ways to say no
        return first_line(error)
    return None


def _suspects(module: nn.Module) -> list[str]:
    """Name the layers that are known not to stack."""
    kinds = (_DropoutNd, nn.RNNBase)
    return [
        f"layer {name!r} ({type(layer).__name__})"
        for name, layer in module.named_modules()
        if isinstance(layer, kinds)
        or (isinstance(layer, _NormBase) and layer.momentum is None)
    ]


def replicate(
    modules: Sequence[nn.Module],
    x: Tensor,
    seeds: Sequence[int],
    stacked: bool | Literal["auto"] = "auto",
) -> ReplicaNetwork:
    """Make one network of modules.

    Parameters
    ----------
    modules : sequence of nn.Module
        One per replica, of one kind.
    x : Tensor of shape (batch, ...)
        A few rows to try the modules with, two at least.
    seeds : sequence of int
        One seed per replica.
    stacked : bool or "auto", default="auto"
        ``True`` stacks the replicas or says why that cannot be; ``False`` runs them
        one after another; ``"auto"`` stacks where it can be.

    Returns
    -------
    ReplicaNetwork

    Raises
    ------
    InputError
        Where `stacked` is True and the modules cannot be stacked.
    """
    if stacked not in {True, False, "auto"}:
        raise InputError(f"stacked is {stacked!r}: give True, False or 'auto'")
    if stacked is False:
        return SequentialModules(modules, seeds)
    network = StackedModules(modules, seeds)
    obstacle = stacking_obstacle(network, x.expand(len(modules), *x.shape))
    if obstacle is None:
        return network
    if stacked == "auto":
        return SequentialModules(modules, seeds)
    layers = ", ".join(_suspects(modules[0]))
    raise InputError(
        f"network {type(modules[0]).__name__} cannot be stacked ({obstacle}): give "
        f"stacked='auto' to train its replicas one after another, or do without "
        f"{layers or 'what PyTorch names there'}"
    )
