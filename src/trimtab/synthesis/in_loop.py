"""Made rows inside the training loop, in place of repeated ones.

A draw repeats rows of the classes that it favours. A synthesis puts a made row of the
same class in the place of every row that the epoch has shown before: other rows each
epoch, made on the device, from each replica's own random stream.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from trimtab.exceptions import InputError, nearest_names
from trimtab.random_streams import uniform
from trimtab.synthesis.made_batches import DrawnEpoch, MadeBatch, RowSource, Synthesis
from trimtab.synthesis.neighbours import msmote_partners, smote_partners

__all__ = ["SYNTHESES", "MSMOTERows", "SMOTERows", "get_synthesis"]


@dataclass(eq=False)
class SMOTERows:
    """SMOTE in the loop: a repeated row moves towards a neighbour of its class.

    The new row lies between the repeated row and one of its nearest neighbours of the
    same class, anywhere with equal probability (Chawla, Bowyer, Hall and Kegelmeyer,
    JAIR 2002). A row that is alone in its class stays.

    Parameters
    ----------
    k_neighbors : int, default=5
        How many neighbours; in a smaller class all others. Neighbours of a class of
        more than 10,000 rows are looked for in parts of that size.
    """

    k_neighbors: int = 5
    _find: ClassVar[Callable[..., Any]] = smote_partners
    _partners: Tensor = field(init=False, repr=False)
    _n_partners: Tensor = field(init=False, repr=False)

    def start(self, source: RowSource) -> None:
        """Find the neighbours of all rows; see `Synthesis.start`."""
        k: Any = self.k_neighbors
        if not isinstance(k, Integral) or int(k) < 1:
            raise InputError(f"k_neighbors is {k!r}: give a whole number, 1 or more")
        find = type(self)._find
        found = [find(X, codes, int(k)) for X, codes in source.row_sets()]
        self._partners = torch.from_numpy(np.concatenate([p for p, _ in found]))
        self._n_partners = torch.from_numpy(np.concatenate([n for _, n in found]))

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Yield rows, the repeated ones moved; see `Synthesis.batches`."""
        partners, shares = self._chosen(epoch)
        here = epoch.source.batches(epoch.rows, epoch.replicas, epoch.batch_size)
        there = epoch.source.batches(partners, epoch.replicas, epoch.batch_size)
        first = 0
        for (inputs, codes), (others, _) in zip(here, there, strict=True):
            last = first + codes.shape[1]
            share = shares[:, first:last].to(inputs.dtype)
            share = share.view(*share.shape, *[1] * (inputs.ndim - 2))
            yield MadeBatch(torch.lerp(inputs, others, share), codes)
            first = last

    def _chosen(self, epoch: DrawnEpoch) -> tuple[Tensor, Tensor]:
        """Return each drawn row's partner, and its share of the way towards it."""
        device = epoch.rows.device
        self._partners = self._partners.to(device)
        self._n_partners = self._n_partners.to(device)
        noise = uniform((2, epoch.rows.shape[1]), epoch.generators).to(device)
        place, share = noise.unbind(1)
        numbers = epoch.source.numbers_in_all(epoch.rows, epoch.replicas)
        count = self._n_partners[numbers]
        column = (place * count).long().clamp(max=count - 1)
        partners = self._partners[numbers, column]
        return partners, share * epoch.repeated


@dataclass(eq=False)
class MSMOTERows(SMOTERows):
    """MSMOTE in the loop: as `SMOTERows`, but careful where other classes are near.

    A row on the border moves towards its nearest neighbour alone, a row that has no
    neighbour of its own class is repeated as it is; see
    `trimtab.synthesis.msmote.MSMOTE`.

    Parameters
    ----------
    k_neighbors : int, default=5
        Neighbours, of all classes, that judge a row.
    """

    _find: ClassVar[Callable[..., Any]] = msmote_partners


def _learned() -> Synthesis:
    from trimtab.synthesis.learned_rows import AutoSMOTERows

    return AutoSMOTERows()


SYNTHESES: dict[str, Callable[[], Synthesis]] = {
    "autosmote": _learned,
    "smote": SMOTERows,
    "msmote": MSMOTERows,
}
"""The syntheses that have a name."""


def get_synthesis(synthesis: str | Synthesis | None) -> Synthesis | None:
    """Return a synthesis for one training run.

    Parameters
    ----------
    synthesis : str, Synthesis or None
        A name of `SYNTHESES`, or a synthesis, which is copied and itself left as it is.

    Returns
    -------
    Synthesis or None

    Raises
    ------
    InputError
        Where it is none of these.
    """
    if synthesis is None:
        return None
    if isinstance(synthesis, str):
        if synthesis not in SYNTHESES:
            hint = nearest_names(synthesis, SYNTHESES)
            raise InputError(f"there is no synthesis {synthesis!r}: {hint}")
        return SYNTHESES[synthesis]()
    if isinstance(synthesis, type) or not isinstance(synthesis, Synthesis):
        raise InputError(
            f"synthesis is {synthesis!r}: give a name ({', '.join(SYNTHESES)}), an "
            "object such as SMOTERows(k_neighbors=3), or None"
        )
    return copy.deepcopy(synthesis)
