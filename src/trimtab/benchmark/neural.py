"""Networks: the plain one, draws and losses around it, and ART.

All train the same small network, the mean of `REPLICAS` runs side by side, so that they
differ by their draw or their loss alone. The plain network is a control; ART whose draw
is never adapted is the control of its adaptation.
"""

# SPDX-License-Identifier: BSD-3-Clause

from functools import partial
from typing import Any

from trimtab.benchmark.controls import lightgbm_learner
from trimtab.benchmark.methods import Method, TableInfo, method, register
from trimtab.benchmark.preparation import chain, dense, native

__all__ = ["REPLICAS"]

REPLICAS = 4

_NEVER = 10**6  # epochs between two adaptations


def _needs_dense_rows(info: TableInfo) -> str | None:
    return "networks take no sparse matrices" if info.is_sparse else None


def _network(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return the network on complete, scaled numbers."""
    from trimtab.training.classifier import NetworkClassifier

    learner = NetworkClassifier(
        n_replicas=REPLICAS, random_state=random_state, **parameters
    )
    return chain(dense(info), learner)


_NETWORKS: dict[str, tuple[dict[str, Any], str]] = {
    "network-over-sampling": (
        {"draw": "over"},
        "The network on epochs in which rare rows are repeated until all are equal.",
    ),
    "network-under-sampling": (
        {"draw": "under"},
        "The network on epochs with as many rows of each class as the smallest has.",
    ),
    "network-cost-sensitive": (
        {"loss": "cost-sensitive"},
        "The network with rows weighted so that all classes weigh the same.",
    ),
    "network-class-balanced": (
        {"loss": "class-balanced"},
        "The network with weights by each class's effective number of rows.",
    ),
    "network-focal": (
        {"loss": "focal"},
        "The network under the focal loss: rows that are right already weigh less.",
    ),
    "network-ohem": (
        {"loss": "ohem"},
        "The network on the hardest rows of each batch.",
    ),
    "network-ldam": (
        {"loss": "ldam"},
        "The network with wider margins for rare classes, weighted later on.",
    ),
    "network-balanced-softmax": (
        {"loss": "balanced-softmax"},
        "The network with logits shifted by the classes' frequencies in training.",
    ),
}

register(
    Method(
        "network",
        "A small network as it comes: one hidden layer, the mean of four runs.",
        "control",
        _network,
        applies=_needs_dense_rows,
        quick=True,
    )
)

for _name, (_parameters, _description) in _NETWORKS.items():
    register(
        Method(
            _name,
            _description,
            "network",
            partial(_network, **_parameters),
            applies=_needs_dense_rows,
        )
    )


def _search_art(trial: Any) -> dict[str, Any]:
    return {
        "prior_blend": trial.suggest_float("prior_blend", 0.0, 1.0),
        "boost_frequency": trial.suggest_int("boost_frequency", 1, 20, log=True),
    }


@method(
    "art",
    family="learned",
    description="ART: each class is drawn the more, the worse it is recognised.",
    search_space=_search_art,
    applies=_needs_dense_rows,
    quick=True,
)
def art(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return ART around the network."""
    from trimtab.art import ARTClassifier

    learner = ARTClassifier(
        n_replicas=REPLICAS, random_state=random_state, **parameters
    )
    return chain(dense(info), learner)


@method(
    "art-not-adapted",
    family="network",
    description="ART's first draw, half balanced, kept to the end: what adapting adds.",
    applies=_needs_dense_rows,
)
def art_not_adapted(info: TableInfo, random_state: int) -> Any:
    """Return ART that never looks at its scores."""
    return art(info, random_state, boost_frequency=_NEVER)


@method(
    "art-lightgbm",
    family="learned",
    description="ART around LightGBM, which boosts on from draw to draw, 20 times.",
    search_space=_search_art,
)
def art_lightgbm(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return ART around LightGBM."""
    from trimtab.art import ARTClassifier

    learner = ARTClassifier(
        lightgbm_learner(random_state),
        max_iter=20,
        random_state=random_state,
        **parameters,
    )
    return chain(native(info), learner)
