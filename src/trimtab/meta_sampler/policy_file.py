"""The file of a learned policy: safetensors, with its metadata in the header.

Reading one executes nothing; every key, type and shape is checked.
"""

# SPDX-License-Identifier: BSD-3-Clause

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.files import write_whole

__all__ = ["FORMAT", "PolicyFile", "read_policy", "write_policy"]

FORMAT = 1
"""Version of the file's layout; raised where an older trimtab would misread it."""

_KIND = "trimtab.meta_sampler"
_FACTS: dict[str, type | tuple[type, ...]] = {
    "state": str,
    "n_bins": int,
    "action": str,
    "sigma": (int, float),
    "metric": str,
    "about": dict,
}


@dataclass(frozen=True)
class PolicyFile:
    """What the file of a policy holds.

    Attributes
    ----------
    tensors : mapping of str to ndarray of float32
        ``layers.0.weight``, ``layers.0.bias``, ...
    facts : mapping
        ``state, n_bins, action, sigma, metric`` and ``about``, plain values.
    """

    tensors: Mapping[str, NDArray[np.float32]]
    facts: Mapping[str, Any]


def write_policy(path: Path, content: PolicyFile) -> Path:
    """Write a policy's file, whole or not at all.

    Parameters
    ----------
    path : Path
        The file; its folder is there.
    content : PolicyFile
        What it shall hold.

    Returns
    -------
    Path
        The same path.
    """
    from safetensors.numpy import save

    header = {_KIND: str(FORMAT)}
    header |= {key: json.dumps(value) for key, value in content.facts.items()}
    tensors = {
        name: np.ascontiguousarray(tensor, dtype=np.float32)
        for name, tensor in content.tensors.items()
    }
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder: give a file in it")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {str(path.parent)!r}: make it first")
    return write_whole(path, save(tensors, metadata=header))


def read_policy(path: Path) -> PolicyFile:
    """Read a policy's file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    PolicyFile

    Raises
    ------
    InputError
        Where it is not there, none of a policy, damaged, or written by a later version.
    """
    from safetensors import SafetensorError, safe_open

    name = repr(str(path))
    if path.is_dir():
        raise InputError(f"{name} is a folder: give the file of a saved meta-sampler")
    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            _check_format(header, name)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(
            f"there is no file {name}: give a saved meta-sampler"
        ) from None
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
    except SafetensorError as error:
        raise InputError(
            f"{name} is no safetensors file or is damaged: {error}"
        ) from None
    except (TypeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} holds tensors of an unknown kind: {error}") from None
    _check_tensors(tensors, name)
    return PolicyFile(tensors, _facts(header, name))


def _check_format(header: Mapping[str, str], name: str) -> None:
    version = header.get(_KIND)
    if version is None:
        raise InputError(
            f"{name} is no meta-sampler of trimtab: give a file that MetaSampler.save "
            "or `trimtab meta-train` wrote"
        )
    if not version.isascii() or not version.isdigit() or int(version) < 1:
        raise InputError(f"{name} has the format {version!r}: the file is damaged")
    if int(version) > FORMAT:
        raise InputError(
            f"{name} has the format {version} and this trimtab reads up to {FORMAT}: "
            "update trimtab"
        )


def _facts(header: Mapping[str, str], name: str) -> dict[str, Any]:
    given = set(header) - {_KIND}
    for problem, keys in (
        ("lacks", set(_FACTS) - given),
        ("has the unknown key", given - set(_FACTS)),
    ):
        if keys:
            raise InputError(
                f"{name} {problem} {min(keys)!r} in its header: the file is damaged or "
                "made by hand"
            )
    facts = {}
    for key, kind in _FACTS.items():
        try:
            facts[key] = json.loads(header[key])
        except ValueError:
            raise InputError(
                f"{name} has an unreadable {key!r} in its header"
            ) from None
        if not isinstance(facts[key], kind) or isinstance(facts[key], bool):
            raise InputError(
                f"{name} has {header[key][:40]} as {key!r} in its header: the file is "
                "damaged or made by hand"
            )
    return facts


def _check_tensors(tensors: Mapping[str, NDArray[Any]], name: str) -> None:
    wanted = {
        f"layers.{number}.{part}"
        for number in range(max(len(tensors) // 2, 1))
        for part in ("weight", "bias")
    }
    if set(tensors) != wanted:
        strange = min(set(tensors) ^ wanted)
        problem = "lacks" if strange in wanted else "has the unknown tensor"
        raise InputError(f"{name} {problem} {strange!r}: the file is damaged")
    for key, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise InputError(f"{name} has {key!r} as {tensor.dtype}: float32 is wanted")
