"""What a learned policy decides before each new member of an ensemble.

The network's output is a vector in [-1, 1]: one number for each thing that the policy
decides. `ActionSpace` says what they mean; meta-training and use share it.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.exceptions import InputError

__all__ = ["ACTIONS", "LARGEST_SIGMA", "SMALLEST_SIGMA", "ActionSpace", "Choice"]

ACTIONS: dict[str, tuple[str, ...]] = {
    "mu": ("mu",),
    "mu-ratio": ("mu", "ratio"),
    "mu-ratio-sigma": ("mu", "ratio", "sigma"),
}
"""What a policy decides, by the name of its action space."""

SMALLEST_SIGMA, LARGEST_SIGMA = 0.05, 1.0


@dataclass(frozen=True)
class Choice:
    """What a policy decided.

    Attributes
    ----------
    mu : float in [0, 1]
        The error around which rows are drawn.
    sigma : float
        How far around it, above 0.
    ratio : float
        Rows of a larger class for each row of the smallest, 1 or more.
    """

    mu: float
    sigma: float
    ratio: float = 1.0


@dataclass(frozen=True)
class ActionSpace:
    """The meaning of a policy's output.

    Parameters
    ----------
    name : str, default="mu"
        ``"mu"`` is the paper's: balanced draws, and a fixed sigma. Ours are
        ``"mu-ratio"``, which also decides how many rows are drawn, and
        ``"mu-ratio-sigma"``.
    sigma : float, default=0.2
        The width of the Gaussian where the policy does not decide it.
    """

    name: str = "mu"
    sigma: float = 0.2

    def __post_init__(self) -> None:
        if self.name not in ACTIONS:
            known = ", ".join(map(repr, ACTIONS))
            raise InputError(
                f"there is no action space {self.name!r}: known are {known}"
            )
        if not self.sigma > 0:
            raise InputError(
                f"sigma is {self.sigma}: give a number above 0, such as 0.2"
            )

    @property
    def size(self) -> int:
        """How many numbers an action has."""
        return len(ACTIONS[self.name])

    def decode(self, action: ArrayLike, imbalance: float) -> Choice:
        """Return what an action means.

        Parameters
        ----------
        action : array-like of shape (size,)
            In [-1, 1]; what lies outside is taken for the border.
        imbalance : float
            Rows of the largest class for each row of the smallest: the largest ratio.
            The ratio is on a log scale from 1 to this, sigma from 0.05 to 1.

        Returns
        -------
        Choice

        Examples
        --------
        >>> ActionSpace("mu-ratio").decode([1.0, 0.0], imbalance=100)
        Choice(mu=1.0, sigma=0.2, ratio=10.0)
        """
        shares = self._shares(action)
        ratio = max(1.0, imbalance) ** shares.get("ratio", 0.0)
        sigma = self.sigma
        if "sigma" in shares:
            widest = LARGEST_SIGMA / SMALLEST_SIGMA
            sigma = SMALLEST_SIGMA * widest ** shares["sigma"]
        return Choice(shares["mu"], sigma, ratio)

    def _shares(self, action: ArrayLike) -> dict[str, float]:
        values: NDArray[Any] = np.asarray(action, dtype=np.float64).reshape(-1)
        if len(values) != self.size:
            raise InputError(
                f"the action has {len(values)} numbers: {self.name!r} has {self.size}"
            )
        shares = (np.clip(values, -1.0, 1.0) + 1) / 2
        return dict(zip(ACTIONS[self.name], shares.tolist(), strict=True))
