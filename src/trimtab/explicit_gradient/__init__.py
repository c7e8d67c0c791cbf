"""Explicit Gradient Learning: made rows that move to where they help.

Yasinnik, Salhov, Lindenbaum and Averbuch, "Imbalanced Classification via Explicit
Gradient Learning From Augmented Data", arXiv 2202.10550.
"""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.explicit_gradient.moving_classifier import ExplicitGradientClassifier
from trimtab.explicit_gradient.moving_points import MovedPoints, fit_moving_points
from trimtab.explicit_gradient.moving_sampler import ExplicitGradientSampler

__all__ = [
    "ExplicitGradientClassifier",
    "ExplicitGradientSampler",
    "MovedPoints",
    "fit_moving_points",
]
