"""Methods for the suites that rerun the MESA paper.

They are got by name and not listed: what they do is a paper's protocol, and no choice
for a table of one's own.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

from imblearn import combine, over_sampling, under_sampling
from imblearn.pipeline import make_pipeline

from trimtab.benchmark.methods.ensembles_methods import base_learner
from trimtab.benchmark.methods.meta_trained import MetaTrainedMESA
from trimtab.benchmark.methods.preparation import chain, dense
from trimtab.benchmark.methods.registry import TableInfo, get_method, method
from trimtab.benchmark.methods.rows import MadeRows
from trimtab.benchmark.methods.training_part import TrainedOnPart
from trimtab.benchmark.sources import CatalogueSource
from trimtab.exceptions import InputError, nearest_names

__all__ = ["SAMPLERS", "paper_base"]

SAMPLERS: dict[str, Callable[..., Any]] = {
    "random-under-sampling": under_sampling.RandomUnderSampler,
    "near-miss": under_sampling.NearMiss,
    "neighbourhood-cleaning": under_sampling.NeighbourhoodCleaningRule,
    "edited-nearest-neighbours": under_sampling.EditedNearestNeighbours,
    "tomek-links": under_sampling.TomekLinks,
    "all-knn": under_sampling.AllKNN,
    "one-sided-selection": under_sampling.OneSidedSelection,
    "random-over-sampling": over_sampling.RandomOverSampler,
    "smote": over_sampling.SMOTE,
    "adasyn": over_sampling.ADASYN,
    "borderline-smote": over_sampling.BorderlineSMOTE,
    "smote-enn": combine.SMOTEENN,
    "smote-tomek": combine.SMOTETomek,
}
"""The samplers of the paper's Table 2, with imbalanced-learn's own parameters."""


def paper_base(base: str, random_state: int | None = None) -> Any:
    """Return one of the paper's base learners.

    Parameters
    ----------
    base : str
        See `trimtab.benchmark.methods.ensembles_methods.BASES`. AdaBoost and gradient
        boosting have ten members, as the paper's appendix B says.
    random_state : int, default=None
        Its seed; None leaves it to the ensemble that it is a member of.

    Returns
    -------
    classifier or None
        None for LightGBM: trimtab's ensembles have their own, for small draws.
    """
    if base == "lightgbm":
        return None
    learner = base_learner(base)
    options: dict[str, Any] = {"random_state": random_state, "n_estimators": 10}
    if base not in ("adaboost", "gradient-boosting"):
        del options["n_estimators"]
    known = learner.get_params()
    return learner.set_params(**{k: v for k, v in options.items() if k in known})


@method(
    "mesa-trained",
    family="learned",
    description="MESA with a meta-sampler that is learned inside the training part.",
    for_suites=True,
)
def mesa_trained(
    info: TableInfo,
    random_state: int,
    base: str = "decision-tree",
    task: str | None = None,
    **parameters: Any,
) -> Any:
    """Return MESA by its paper's protocol.

    `task` is a data set to learn the meta-sampler on in place of the training part;
    the other parameters are those of `MetaTrainedMESA`.
    """
    other = None
    if task is not None:
        X, labels = CatalogueSource(task).load()
        other = (X, labels.codes)
    model = MetaTrainedMESA(
        paper_base(base), task=other, random_state=random_state, **parameters
    )
    return chain(dense(info), model)


@method(
    "on-part",
    family="control",
    description="Another method on a part of its training rows, or with wrong labels.",
    for_suites=True,
)
def on_part(
    info: TableInfo,
    random_state: int,
    of: str = "under-bagging",
    held_out: float = 0.0,
    noise: float = 0.0,
    **parameters: Any,
) -> Any:
    """Return the method called `of`, with its own `parameters`, as `TrainedOnPart`."""
    inner = get_method(of).build(info, random_state, **parameters)
    return TrainedOnPart(inner, held_out, noise, random_state)


@method(
    "resampled",
    family="classic",
    description="One base learner on the rows that one sampler leaves or makes.",
    for_suites=True,
)
def resampled(
    info: TableInfo,
    random_state: int,
    sampler: str = "none",
    base: str = "decision-tree",
) -> Any:
    """Return a base learner behind one of the `SAMPLERS`, or none of them."""
    learner = paper_base(base, random_state)
    if sampler == "none":
        return chain(dense(info), learner)
    if sampler not in SAMPLERS:
        raise InputError(
            f"there is no sampler {sampler!r}: {nearest_names(sampler, SAMPLERS)}"
        )
    made = SAMPLERS[sampler]()
    if "random_state" in made.get_params():
        made.set_params(random_state=random_state)
    return make_pipeline(*dense(info), MadeRows(made), learner)
