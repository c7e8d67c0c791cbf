"""The state of a meta-training run on disk, so that it goes on after being killed.

One safetensors file holds the networks, their optimisers, the replay memory and the
random states: a resumed run ends as one that was never stopped. Reading it executes
nothing.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import SAC

from trimtab.exceptions import InputError
from trimtab.files import write_whole

__all__ = ["Checkpoint", "read_checkpoint", "write_checkpoint"]

_KIND = "trimtab.meta_training"
_FORMAT = "1"
_REPLAY = ("observations", "next_observations", "actions", "rewards", "dones")

Tensors = dict[str, NDArray[Any]]


@dataclass
class Checkpoint:
    """What a run needs to go on.

    Attributes
    ----------
    tensors : dict of str to ndarray
        Networks, optimisers, replay memory, random states.
    facts : dict
        Counters and random states that are plain values.
    run : dict
        What the run itself remembers, plain values: history and settings.
    """

    tensors: Tensors
    facts: dict[str, Any]
    run: dict[str, Any]

    @classmethod
    def of(cls, model: SAC, run: dict[str, Any]) -> "Checkpoint":
        """Return the state of a model between two episodes."""
        tensors: Tensors = {
            f"policy/{name}": tensor.numpy()
            for name, tensor in model.policy.state_dict().items()
        }
        for owner, optimizer in _optimizers(model).items():
            for number, slots in optimizer.state_dict()["state"].items():
                for slot, tensor in slots.items():
                    tensors[f"optimizer/{owner}/{number}/{slot}"] = tensor.numpy()
        memory: Any = model.replay_buffer
        for name in _REPLAY:
            tensors[f"replay/{name}"] = getattr(memory, name)
        kind, keys, position, has_gauss, gauss = np.random.get_state(  # noqa: NPY002
            legacy=True
        )
        tensors["random/torch"] = torch.get_rng_state().numpy()
        tensors["random/numpy"] = np.asarray(keys)
        facts = {
            "position": memory.pos,
            "full": bool(memory.full),
            "n_steps": model.num_timesteps,
            "n_updates": model._n_updates,
            "numpy": [kind, position, has_gauss, gauss],
            "actions": model.action_space.np_random.bit_generator.state,
        }
        return cls(tensors, facts, run)

    def restore(self, model: SAC) -> None:
        """Bring a new model of the same settings to this state."""
        prefix = "policy/"
        model.policy.load_state_dict(
            {
                name.removeprefix(prefix): torch.from_numpy(tensor.copy())
                for name, tensor in self.tensors.items()
                if name.startswith(prefix)
            }
        )
        for owner, optimizer in _optimizers(model).items():
            self._restore_optimizer(optimizer, f"optimizer/{owner}/")
        memory: Any = model.replay_buffer
        for name in _REPLAY:
            getattr(memory, name)[...] = self.tensors[f"replay/{name}"]
        memory.pos, memory.full = self.facts["position"], self.facts["full"]
        model.num_timesteps = self.facts["n_steps"]
        model._n_updates = self.facts["n_updates"]
        model.action_space.np_random.bit_generator.state = self.facts["actions"]
        torch.set_rng_state(torch.from_numpy(self.tensors["random/torch"].copy()))
        kind, *rest = self.facts["numpy"]
        np.random.set_state(  # noqa: NPY002
            (kind, self.tensors["random/numpy"], *rest)
        )

    def _restore_optimizer(self, optimizer: torch.optim.Optimizer, prefix: str) -> None:
        slots: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in self.tensors.items():
            if name.startswith(prefix):
                number, slot = name.removeprefix(prefix).split("/")
                slots.setdefault(int(number), {})[slot] = torch.from_numpy(
                    tensor.copy()
                )
        state = optimizer.state_dict()
        optimizer.load_state_dict({**state, "state": slots})


def _optimizers(model: SAC) -> dict[str, torch.optim.Optimizer]:
    return {"actor": model.actor.optimizer, "critic": model.critic.optimizer}


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder is there.
    checkpoint : Checkpoint
        The state.
    """
    from safetensors.numpy import save

    header = {
        _KIND: _FORMAT,
        "facts": json.dumps(checkpoint.facts),
        "run": json.dumps(checkpoint.run),
    }
    tensors = {k: np.ascontiguousarray(v) for k, v in checkpoint.tensors.items()}
    write_whole(path, save(tensors, metadata=header))


def read_checkpoint(path: Path, settings: Mapping[str, Any]) -> Checkpoint | None:
    """Read a checkpoint, if there is one.

    Parameters
    ----------
    path : Path
        The file.
    settings : mapping
        Those of the run that wants to go on; they must be those of the checkpoint.

    Returns
    -------
    Checkpoint or None
        None where there is no file.

    Raises
    ------
    InputError
        Where the file is something else or belongs to a run of other settings.
    """
    from safetensors import SafetensorError, safe_open

    name = repr(str(path))
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{name} is no checkpoint or is damaged ({error}): delete it to start anew"
        ) from None
    if header.get(_KIND) != _FORMAT:
        raise InputError(
            f"{name} is no checkpoint of this trimtab: give another file, or delete it"
        )
    run = json.loads(header["run"])
    for key, value in json.loads(json.dumps(dict(settings))).items():
        if run["settings"].get(key) != value:
            raise InputError(
                f"the checkpoint {name} was made with {key} "
                f"{run['settings'].get(key)!r}, not {value!r}: give the same settings, "
                "or delete it to start anew"
            )
    return Checkpoint(tensors, json.loads(header["facts"]), run)
