"""Over-sampling that is learned: AutoSMOTE and a conditional Wasserstein GAN.

The networks are those of ``trimtab.benchmark.methods.neural``, four runs side by side;
AutoSMOTE's have its own learning rate and number of epochs. The samplers stand ahead of
LightGBM and of a random forest, the GAN's ahead of the network too.
"""

# SPDX-License-Identifier: BSD-3-Clause

from functools import partial
from typing import Any

from trimtab.benchmark.methods.conditions import why_no_network
from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.neural import REPLICAS, build_network, search_network
from trimtab.benchmark.methods.preparation import chain, dense
from trimtab.benchmark.methods.registry import Method, TableInfo, register

__all__: list[str] = []


def _classifier(
    variant: str, random_state: int, parameters: dict[str, Any], image_shape: Any = None
) -> Any:
    """Return the classifier; what AutoSMOTE does not know is the network's."""
    from trimtab.autosmote import AutoSMOTEClassifier
    from trimtab.training.classifier import NetworkClassifier

    own = set(AutoSMOTEClassifier().get_params(deep=False))
    of_own = {name: value for name, value in parameters.items() if name in own}
    of_network = {n: value for n, value in parameters.items() if n not in own}
    of_network = {"weight_decay": 0.0, "image_shape": image_shape, **of_network}
    options = {"n_replicas": REPLICAS, "random_state": random_state, **of_own}
    network = NetworkClassifier(**of_network)
    return AutoSMOTEClassifier(network, variant=variant, **options)


def _network(
    variant: str, info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    shape = info.image_shape
    learner = _classifier(variant, random_state, parameters, shape)
    return chain(dense(info), learner)


def _sampler(
    variant: str, learner: str, info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    """Return a pipeline that fits trees on all rows and those that AutoSMOTE makes."""
    from imblearn.pipeline import make_pipeline

    from trimtab.autosmote import AutoSMOTE

    sampler = AutoSMOTE(
        random_state=random_state,
        estimator=_classifier(variant, random_state, parameters),
    )
    return make_pipeline(*dense(info), sampler, _trees(learner, random_state))


def _trees(learner: str, random_state: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    if learner == "random-forest":
        return RandomForestClassifier(random_state=random_state)
    return lightgbm_learner(random_state)


def _gan(random_state: int, parameters: dict[str, Any]) -> Any:
    """Return the GAN's sampler; its parameters are taken out of those given."""
    from trimtab.synthesis.cwgan import CWGANOverSampler

    names = {"gan_learning_rate": "learning_rate_init", "gan_max_iter": "max_iter"}
    own = {new: parameters.pop(old) for old, new in names.items() if old in parameters}
    return CWGANOverSampler(random_state=random_state, **own)


def _gan_network(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    sampler = _gan(random_state, parameters)
    return build_network(info, random_state, sampler=sampler, **parameters)


def _gan_trees(
    learner: str, info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    from imblearn.pipeline import make_pipeline

    sampler = _gan(random_state, parameters)
    return make_pipeline(*dense(info), sampler, _trees(learner, random_state))


def _search_gan(trial: Any) -> dict[str, Any]:
    rate = trial.suggest_float("gan_learning_rate", 1e-5, 1e-3, log=True)
    return {"gan_learning_rate": rate}


def _search(variant: str, trial: Any) -> dict[str, Any]:
    own = {"temperature": trial.suggest_float("temperature", 0.1, 5.0, log=True)}
    if variant == "cohort":
        own["n_cohorts"] = trial.suggest_int("n_cohorts", 1, 7)
    return own


def _search_network(variant: str, trial: Any) -> dict[str, Any]:
    return search_network(trial, partial(_search, variant))


_VARIANTS = {
    "cohort": "decisions by cohort",
    "self": "decisions by row",
}
_TREES = {"lightgbm": "LightGBM", "random-forest": "A random forest"}

for _variant, _what in _VARIANTS.items():
    register(
        Method(
            f"autosmote-{_variant}",
            f"AutoSMOTE: the network and its rare rows are learned at once; {_what}.",
            "learned",
            partial(_network, _variant),
            search_space=partial(_search_network, _variant),
            applies=why_no_network,
            fits_together=True,
        )
    )
    for _learner, _title in _TREES.items():
        register(
            Method(
                f"autosmote-{_variant}-{_learner}",
                f"{_title} on rows that AutoSMOTE's network learned to make; {_what}.",
                "learned",
                partial(_sampler, _variant, _learner),
                search_space=partial(_search, _variant),
                applies=why_no_network,
                shared_steps=f"AutoSMOTE {_variant}",
            )
        )

register(
    Method(
        "network-cwgan",
        "The network on rows that a conditional Wasserstein GAN makes of noise.",
        "network",
        _gan_network,
        search_space=partial(search_network, own=_search_gan),
        applies=why_no_network,
        fits_together=True,
    )
)
for _learner, _title in _TREES.items():
    register(
        Method(
            "cwgan" if _learner == "lightgbm" else f"cwgan-{_learner}",
            f"{_title} on rows that a conditional Wasserstein GAN makes of noise.",
            "learned",
            partial(_gan_trees, _learner),
            search_space=_search_gan,
            applies=why_no_network,
            shared_steps="cWGAN",
            fits_together=True,
        )
    )
