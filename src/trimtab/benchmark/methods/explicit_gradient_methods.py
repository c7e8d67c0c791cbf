"""Explicit Gradient: rows that move, for networks and for trees behind one.

`for_suites` are the methods of the suites that rerun its paper, in which every network
is the paper's and sees the same share of the rows.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from trimtab.benchmark.methods.conditions import why_no_network
from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.neural import REPLICAS, search_network
from trimtab.benchmark.methods.preparation import chain, dense
from trimtab.benchmark.methods.registry import (
    Method,
    TableInfo,
    get_method,
    method,
    register,
)
from trimtab.benchmark.methods.withdrawn_rows import DoubledRareClass
from trimtab.exceptions import InputError, nearest_names

__all__ = ["explicit_gradient", "grown"]

PAPER_NETWORK = {"hidden_layer_sizes": (128, 16), "batch_size": 128}

BASELINE_ADAM = {"schedule": "constant", "beta_1": 0.5}
"""What section 5 of the paper says of its baselines' Adam, beside the learning rate."""


def _classifier(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return the classifier; parameters that are not its own are the network's."""
    from trimtab.explicit_gradient import ExplicitGradientClassifier
    from trimtab.training.classifier import NetworkClassifier

    own = set(ExplicitGradientClassifier().get_params(deep=False))
    of_rows = {name: value for name, value in parameters.items() if name in own}
    of_network = {n: value for n, value in parameters.items() if n not in own}
    network = NetworkClassifier(
        **{**PAPER_NETWORK, "image_shape": info.image_shape, **of_network}
    )
    options = {"n_replicas": REPLICAS, "random_state": random_state, **of_rows}
    return ExplicitGradientClassifier(network, **options)


def explicit_gradient(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return a network beside moving rows on complete, scaled numbers.

    Parameters
    ----------
    info : TableInfo
        The table.
    random_state : int
        Decides everything.
    **parameters
        Of `trimtab.explicit_gradient.ExplicitGradientClassifier`, or of its network.
    """
    return chain(dense(info), _classifier(info, random_state, **parameters))


def _search_still(trial: Any) -> dict[str, Any]:
    rate = trial.suggest_float("learning_rate", 1e-3, 1e-1, log=True)
    return {"learning_rate": rate}


def _search_moving(trial: Any) -> dict[str, Any]:
    rows = trial.suggest_float("row_learning_rate", 1.0, 1e4, log=True)
    return _search_still(trial) | {"row_learning_rate": rows}


def _add(
    name: str,
    description: str,
    build: Callable[..., Any],
    own: Callable[[Any], dict[str, Any]],
    family: str,
    **sharing: Any,
) -> None:
    space = partial(search_network, own=own)
    options: dict[str, Any] = {"family": family, "applies": why_no_network}
    options |= {"search_space": space, **sharing}
    register(Method(name, description, build=build, **options))


_add(
    "explicit-gradient",
    "A network beside copies of rare rows that move to lower the held-out loss.",
    explicit_gradient,
    _search_moving,
    "learned",
    fits_together=True,
)
_add(
    "explicit-gradient-not-moved",
    "The same with copies that stay where they are: what moving adds.",
    partial(explicit_gradient, row_learning_rate=0.0),
    _search_still,
    "network",
    fits_together=True,
)


def _before_trees(
    trees: str, info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    """Return trees on rows among which some were moved by a network."""
    from imblearn.pipeline import make_pipeline
    from sklearn.ensemble import RandomForestClassifier

    from trimtab.explicit_gradient import ExplicitGradientSampler

    growth = parameters.pop("growth", None)
    strategy: Any = "auto" if growth is None else partial(grown, times=growth)
    mover = _classifier(info, random_state, **parameters)
    sampler = ExplicitGradientSampler(
        mover, sampling_strategy=strategy, random_state=random_state
    )
    if trees == "lightgbm":
        learner = lightgbm_learner(random_state)
    else:
        learner = RandomForestClassifier(random_state=random_state)
    return make_pipeline(*dense(info), sampler, learner)


for _trees, _what in (("lightgbm", "LightGBM"), ("forest", "A random forest")):
    _add(
        f"explicit-gradient-{_trees}",
        f"{_what} on the table and the rows that Explicit Gradient has moved.",
        partial(_before_trees, _trees),
        _search_moving,
        "learned",
        shared_steps="Explicit Gradient",
    )


def grown(y: Any, times: float) -> dict[Any, int]:
    """Return how many rows an over-sampler leaves: more of all but the largest class.

    Parameters
    ----------
    y : array-like of shape (n_rows,)
        Labels.
    times : float >= 1
        By how much the smaller classes grow, at most to the size of the largest.

    Returns
    -------
    dict
        Rows by label, as imbalanced-learn's ``sampling_strategy`` takes them.

    Examples
    --------
    >>> grown(["a"] * 8 + ["b"] * 2, times=2)
    {'b': 4}
    """
    labels, counts = np.unique(np.asarray(y), return_counts=True)
    most = int(counts.max())
    wanted = {
        label: min(round(times * n), most)
        for label, n in zip(labels.tolist(), counts.tolist(), strict=True)
    }
    smaller = (label for label, n in zip(labels, counts, strict=True) if n < most)
    return {label: wanted[label] for label in map(_plain, smaller)}


def _plain(label: Any) -> Any:
    return label.item() if hasattr(label, "item") else label


class FewerColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Pipeline step: principal components, where there are more columns than wanted.

    Parameters
    ----------
    n_components : int
        How many columns are wanted.
    random_state : int, default=0
        Of the decomposition.
    """

    def __init__(self, n_components: int, random_state: int = 0) -> None:
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the components."""
        from sklearn.decomposition import PCA

        self.projection_ = None
        if min(X.shape) > self.n_components:
            projection = PCA(self.n_components, random_state=self.random_state)
            self.projection_ = projection.fit(X)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the projected rows."""
        if self.projection_ is None:
            return np.asarray(X)
        projected: NDArray[Any] = self.projection_.transform(X)
        return projected


_SAMPLERS = ("RandomOverSampler", "SMOTE", "ADASYN", "BorderlineSMOTE", "cWGAN")


@method(
    "as-in-explicit-gradient",
    family="network",
    description="Another network method with the network of Explicit Gradient's paper.",
    applies=why_no_network,
    for_suites=True,
    fits_together=True,
)
def as_in_explicit_gradient(
    info: TableInfo,
    random_state: int,
    of: str = "network",
    sampler: str | None = None,
    growth: float = 2.0,
    scaling: str = "minmax",
    components: int | None = None,
    withdrawn: Sequence[str] = (),
    **parameters: Any,
) -> Any:
    """Return the method called `of` with the paper's network on columns of one scale.

    Parameters
    ----------
    info : TableInfo
        The table.
    random_state : int
        Decides everything.
    of : str, default="network"
        A method of which all but its rows goes by a network.
    sampler : str, default=None
        An over-sampler of imbalanced-learn ahead of the training, by its class; or
        ``"cWGAN"``.
    growth : float, default=2.0
        How many rows of the rare class there are after it for each before.
    scaling : {"minmax", "standard"}, default="minmax"
        How columns are scaled.
    components : int, default=None
        Project on so many principal components; None for none, and where there are
        not more columns than that.
    withdrawn : sequence of two str, default=()
        A data set and the one that it was drawn from: the rare class is doubled by
        rows that were left out of the first, what the paper calls the potential.
    **parameters
        Of the method.
    """
    paper: dict[str, Any] = {
        **PAPER_NETWORK,
        "n_replicas": 1,
        "learning_rate_init": 1e-3,
        "weight_decay": 0.0,
        "max_iter": 200,
        "n_iter_no_change": None,
    }
    if not of.startswith("explicit-gradient"):
        paper |= BASELINE_ADAM
    if sampler is not None:
        parameters["sampler"] = _sampler(sampler, growth)
    model = get_method(of).build(info, random_state, **{**paper, **parameters})
    model = _prepared(model, scaling, components, random_state)
    return DoubledRareClass(model, *withdrawn) if withdrawn else model


def _sampler(name: str, growth: float) -> Any:
    from imblearn import over_sampling

    if name not in _SAMPLERS:
        raise InputError(f"no sampler {name!r}: {nearest_names(name, _SAMPLERS)}")
    strategy = partial(grown, times=growth)
    if name == "cWGAN":
        from trimtab.synthesis.cwgan import CWGANOverSampler

        return CWGANOverSampler(sampling_strategy=strategy)
    return getattr(over_sampling, name)(sampling_strategy=strategy)


def _prepared(
    model: Any, scaling: str, components: int | None, random_state: int
) -> Any:
    """Return a pipeline with another scaling, and a projection behind it."""
    from sklearn.preprocessing import MinMaxScaler

    steps = []
    for name, step in model.steps:
        if name == "standardscaler" and scaling == "minmax":
            steps.append(("minmaxscaler", MinMaxScaler()))
        else:
            steps.append((name, step))
        if name == "standardscaler" and components is not None:
            steps.append(("projection", FewerColumns(components, random_state)))
    return model.set_params(steps=steps)
