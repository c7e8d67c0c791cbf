"""Networks: the plain one, draws, losses and samplers around it, and ART.

All train the same small network, the mean of `REPLICAS` runs side by side, so that they
differ by their draw, their loss or their rows alone. The plain network is a control;
ART whose draw is never adapted is the control of its adaptation. Each takes any
parameter of `trimtab.training.classifier.NetworkClassifier` by its name, and all are
tuned over the same ranges of what they share.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from functools import partial
from typing import Any

from trimtab.benchmark.methods.conditions import why_no_held_out_rows, why_no_network
from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.preparation import chain, dense, native
from trimtab.benchmark.methods.registry import Method, TableInfo, method, register

__all__ = ["REPLICAS", "build_network", "search_network"]

REPLICAS = 4

_NEVER = 10**6  # epochs between two adaptations

Search = Callable[[Any], dict[str, Any]]


def build_network(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return the network on complete, scaled numbers.

    Parameters
    ----------
    info : TableInfo
        The table.
    random_state : int
        Decides everything.
    **parameters
        Of `trimtab.training.classifier.NetworkClassifier`.
    """
    from trimtab.training.classifier import NetworkClassifier

    given = {"n_replicas": REPLICAS, "image_shape": info.image_shape, **parameters}
    learner = NetworkClassifier(random_state=random_state, **given)
    return chain(dense(info), learner)


def search_network(trial: Any, own: Search | None = None) -> dict[str, Any]:
    """Return what every network is tuned over, and what a method adds.

    Parameters
    ----------
    trial : optuna.Trial
        Chooses.
    own : callable, default=None
        ``own(trial)`` returns the method's own parameters.
    """
    common = {
        "learning_rate_init": trial.suggest_float(
            "learning_rate_init", 5e-4, 3e-2, log=True
        ),
        "weight_decay": trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
    }
    return common | (own(trial) if own else {})


def _add(
    name: str,
    description: str,
    build: Callable[..., Any],
    search: Search | None = None,
    **fields: Any,
) -> None:
    """Register a network method."""
    options: dict[str, Any] = {"family": "network", "applies": why_no_network}
    options |= {"search_space": partial(search_network, own=search), **fields}
    register(Method(name, description, build=build, fits_together=True, **options))


def _from(name: str, low: float, high: float, *, log: bool = False) -> Search:
    """Return a search of one number between two."""
    return partial(_search_number, name=name, low=low, high=high, log=log)


def _search_number(
    trial: Any, name: str, low: float, high: float, log: bool
) -> dict[str, Any]:
    return {name: trial.suggest_float(name, low, high, log=log)}


_add(
    "network",
    "A small network as it comes: one hidden layer, the mean of four runs.",
    build_network,
    family="control",
    quick=True,
)

# Draws.

_add(
    "network-over-sampling",
    "The network on epochs in which rare rows are repeated until all are equal.",
    partial(build_network, draw="over"),
)
_add(
    "network-under-sampling",
    "The network on epochs with as many rows of each class as the smallest has.",
    partial(build_network, draw="under"),
)

# Losses.


def _with_loss(
    kind: str,
    names: tuple[str, ...],
    info: TableInfo,
    random_state: int,
    **parameters: Any,
) -> Any:
    """Return the network under a loss, some of whose fields are parameters too."""
    from trimtab import losses

    fields = {name: parameters.pop(name) for name in names if name in parameters}
    if kind == "LDAM":
        # Cosines as in its paper; small networks on tables want less than its 30.
        fields = {"cosine_logits": True, "scale": 10.0, **fields}
    if kind == "CrossEntropy":
        fields = {"class_weight": "effective", **fields}
    loss = getattr(losses, kind)(**fields)
    return build_network(info, random_state, **{"loss": loss, **parameters})


_add(
    "network-cost-sensitive",
    "The network with rows weighted so that all classes weigh the same.",
    partial(build_network, loss="cost-sensitive"),
)


def _search_beta(trial: Any) -> dict[str, Any]:
    # The values of its paper.
    betas = [0.9, 0.99, 0.999, 0.9999]
    return {"beta": trial.suggest_categorical("beta", betas)}


_add(
    "network-class-balanced",
    "The network with weights by each class's effective number of rows.",
    partial(_with_loss, "CrossEntropy", ("beta",)),
    _search_beta,
)
_add(
    "network-focal",
    "The network under the focal loss: rows that are right already weigh less.",
    partial(_with_loss, "Focal", ("gamma", "alpha")),
    _from("gamma", 0.5, 5.0),
)
_add(
    "network-ohem",
    "The network on the hardest rows of each batch.",
    partial(_with_loss, "OHEM", ("keep", "warm_up")),
    _from("keep", 0.25, 0.9),
)


def _search_ldam(trial: Any) -> dict[str, Any]:
    scale = trial.suggest_float("scale", 5.0, 30.0, log=True)
    return _from("max_margin", 0.1, 1.0)(trial) | {"scale": scale}


_add(
    "network-ldam",
    "The network with wider margins for rare classes, weighted later on.",
    partial(_with_loss, "LDAM", ("max_margin", "scale", "cosine_logits", "defer")),
    _search_ldam,
)
_add(
    "network-balanced-softmax",
    "The network with logits shifted by the classes' frequencies in training.",
    partial(build_network, loss="balanced-softmax"),
)


def _balms(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return the network under Balanced Meta-Softmax."""
    from trimtab.sampling.draw import MetaDraw

    renamed = {"meta_learning_rate": "learning_rate", "power": "power"}
    own = {
        new: parameters.pop(old) for old, new in renamed.items() if old in parameters
    }
    options = {"loss": "balanced-softmax", "draw": MetaDraw(**own), **parameters}
    return build_network(info, random_state, **options)


_add(
    "network-balms",
    "Balanced softmax, and a sampling rate for each class learned from the batches.",
    _balms,
    _from("meta_learning_rate", 1e-3, 1e-1, log=True),
    family="learned",
)

# Samplers ahead of the training.


def _with_sampler(
    kind: str,
    names: tuple[str, ...],
    info: TableInfo,
    random_state: int,
    **parameters: Any,
) -> Any:
    """Return the network on resampled rows, the sampler's parameters among others."""
    from imblearn import over_sampling, under_sampling

    from trimtab.synthesis.msmote import MSMOTE

    kinds = {**vars(over_sampling), **vars(under_sampling), "MSMOTE": MSMOTE}
    own = {name: parameters.pop(name) for name in names if name in parameters}
    if kind == "ADASYN" and "k_neighbors" in own:
        own["n_neighbors"] = own.pop("k_neighbors")
    return build_network(info, random_state, sampler=kinds[kind](**own), **parameters)


def _search_neighbours(trial: Any) -> dict[str, Any]:
    return {"k_neighbors": trial.suggest_int("k_neighbors", 3, 10)}


def _search_version(trial: Any) -> dict[str, Any]:
    return {"version": trial.suggest_categorical("version", [1, 2, 3])}


_MAKES_ROWS = {
    "smote": ("SMOTE", "new rows between a rare row and its rare neighbours"),
    "msmote": ("MSMOTE", "SMOTE's rows, but none at noise and careful ones at borders"),
    "adasyn": ("ADASYN", "the more new rows, the more neighbours of other classes"),
    "borderline-smote": ("BorderlineSMOTE", "SMOTE's rows at the border alone"),
}

for _name, (_kind, _what) in _MAKES_ROWS.items():
    _add(
        f"network-{_name}",
        f"The network on training rows with {_what}.",
        partial(_with_sampler, _kind, ("k_neighbors",)),
        _search_neighbours,
    )

_add(
    "network-near-miss",
    "The network on the common rows nearest to rare ones; NearMiss in version 1 to 3.",
    partial(_with_sampler, "NearMiss", ("version", "n_neighbors")),
    _search_version,
)

# ART.


def _search_blend(trial: Any) -> dict[str, Any]:
    return {"prior_blend": trial.suggest_float("prior_blend", 0.0, 1.0)}


def _search_art(trial: Any) -> dict[str, Any]:
    frequency = trial.suggest_int("boost_frequency", 1, 10)
    return _search_blend(trial) | {"boost_frequency": frequency}


def art(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return ART around the network; what ART does not know is the network's."""
    from trimtab.art import ARTClassifier
    from trimtab.training.classifier import NetworkClassifier

    own = set(ARTClassifier().get_params(deep=False))
    of_art = {name: value for name, value in parameters.items() if name in own}
    of_network = {n: value for n, value in parameters.items() if n not in own}
    of_network.setdefault("image_shape", info.image_shape)
    options = {"n_replicas": REPLICAS, "random_state": random_state, **of_art}
    learner = ARTClassifier(NetworkClassifier(**of_network), **options)
    return chain(dense(info), learner)


_add(
    "art",
    "ART: each class is drawn the more, the worse it is recognised.",
    art,
    _search_art,
    family="learned",
    quick=True,
)
_add(
    "art-smote",
    "ART with new rows between neighbours, each epoch others, in place of repeats.",
    partial(art, synthesis="smote"),
    _search_art,
    family="learned",
)
_add(
    "art-not-adapted",
    "ART's first draw, half balanced, kept to the end: what adapting adds.",
    partial(art, boost_frequency=_NEVER),
    _search_blend,
)


@method(
    "art-lightgbm",
    family="learned",
    description="ART around LightGBM, which boosts on from draw to draw, 20 times.",
    search_space=_search_art,
    applies=why_no_held_out_rows,
)
def art_lightgbm(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return ART around LightGBM."""
    from trimtab.art import ARTClassifier

    options = {"max_iter": 20, "random_state": random_state, **parameters}
    return chain(native(info), ARTClassifier(lightgbm_learner(random_state), **options))
