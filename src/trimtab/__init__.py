"""Learned rebalancing for imbalanced classification, with honest comparisons.

Public names are imported on first use, so that ``import trimtab`` costs little.
"""

# SPDX-License-Identifier: BSD-3-Clause

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimtab import datasets
    from trimtab.art import ARTClassifier
    from trimtab.autosmote import AutoSMOTE, AutoSMOTEClassifier
    from trimtab.comparison import Comparison, compare
    from trimtab.ensembles.boosting import RAMOBoostClassifier, SMOTEBoostClassifier
    from trimtab.ensembles.named_ensembles import (
        BalanceCascadeClassifier,
        SelfPacedEnsembleClassifier,
        UnderBaggingClassifier,
    )
    from trimtab.ensembles.smote_bagging import SMOTEBaggingClassifier
    from trimtab.ensembles.under_sampling import UnderSamplingEnsembleClassifier
    from trimtab.exceptions import InputError
    from trimtab.explicit_gradient import (
        ExplicitGradientClassifier,
        ExplicitGradientSampler,
    )
    from trimtab.mesa import MESAClassifier
    from trimtab.meta_sampler.sampler import MetaSampler
    from trimtab.report.displays.decisions_display import DecisionsDisplay
    from trimtab.report.displays.draw_display import DrawHistoryDisplay
    from trimtab.report.displays.ensemble_display import EnsembleHistoryDisplay
    from trimtab.report.displays.meta_training_display import MetaTrainingDisplay
    from trimtab.sampling.torch_sampler import AdaptiveClassSampler
    from trimtab.synthesis.msmote import MSMOTE
    from trimtab.training.classifier import NetworkClassifier

    __version__: str

__all__ = [
    "MSMOTE",
    "ARTClassifier",
    "AdaptiveClassSampler",
    "AutoSMOTE",
    "AutoSMOTEClassifier",
    "BalanceCascadeClassifier",
    "Comparison",
    "DecisionsDisplay",
    "DrawHistoryDisplay",
    "EnsembleHistoryDisplay",
    "ExplicitGradientClassifier",
    "ExplicitGradientSampler",
    "InputError",
    "MESAClassifier",
    "MetaSampler",
    "MetaTrainingDisplay",
    "NetworkClassifier",
    "RAMOBoostClassifier",
    "SMOTEBaggingClassifier",
    "SMOTEBoostClassifier",
    "SelfPacedEnsembleClassifier",
    "UnderBaggingClassifier",
    "UnderSamplingEnsembleClassifier",
    "__version__",
    "compare",
    "datasets",
]

_HOME = {
    "ARTClassifier": "trimtab.art",
    "AdaptiveClassSampler": "trimtab.sampling.torch_sampler",
    "AutoSMOTE": "trimtab.autosmote",
    "AutoSMOTEClassifier": "trimtab.autosmote",
    "BalanceCascadeClassifier": "trimtab.ensembles.named_ensembles",
    "Comparison": "trimtab.comparison",
    "DecisionsDisplay": "trimtab.report.displays.decisions_display",
    "DrawHistoryDisplay": "trimtab.report.displays.draw_display",
    "ExplicitGradientClassifier": "trimtab.explicit_gradient",
    "ExplicitGradientSampler": "trimtab.explicit_gradient",
    "EnsembleHistoryDisplay": "trimtab.report.displays.ensemble_display",
    "InputError": "trimtab.exceptions",
    "MESAClassifier": "trimtab.mesa",
    "MetaSampler": "trimtab.meta_sampler.sampler",
    "MetaTrainingDisplay": "trimtab.report.displays.meta_training_display",
    "MSMOTE": "trimtab.synthesis.msmote",
    "NetworkClassifier": "trimtab.training.classifier",
    "RAMOBoostClassifier": "trimtab.ensembles.boosting",
    "SMOTEBaggingClassifier": "trimtab.ensembles.smote_bagging",
    "SMOTEBoostClassifier": "trimtab.ensembles.boosting",
    "SelfPacedEnsembleClassifier": "trimtab.ensembles.named_ensembles",
    "UnderBaggingClassifier": "trimtab.ensembles.named_ensembles",
    "UnderSamplingEnsembleClassifier": "trimtab.ensembles.under_sampling",
    "compare": "trimtab.comparison",
}
"""The module that each public name lives in."""


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("trimtab")
    elif name == "datasets":
        return importlib.import_module("trimtab.datasets")
    elif name in _HOME:
        value = getattr(_home_of(name), name)
    else:
        raise AttributeError(f"module 'trimtab' has no attribute {name!r}")
    globals()[name] = value
    return value


def _home_of(name: str) -> Any:
    """Import the module that a public name lives in, or say which extra it needs."""
    try:
        return importlib.import_module(_HOME[name])
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if _HOME[name] != "trimtab.comparison" or library in ("", "trimtab"):
            raise
        from trimtab.exceptions import MissingExtraError

        raise MissingExtraError(library, "compare") from error


def __dir__() -> list[str]:
    """List the public names, those not yet imported too."""
    return sorted({*globals(), *__all__})
