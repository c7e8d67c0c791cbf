"""The classics: imbalanced-learn's samplers and ensembles.

All are registered under the family ``"classic"``. A sampler is followed by LightGBM,
the same learner for all, so that they differ by their rows alone:

* Samplers that select rows judge them on complete numbers of one scale, and LightGBM
  gets the selected rows as they were, with their categories and missing values.
* Samplers that make rows work on those complete numbers, and so does LightGBM.

Where few rows are left, leaves are smaller: see `small_leaves`.
"""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from imblearn import combine, over_sampling, under_sampling
from imblearn.pipeline import make_pipeline

from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.preparation import dense, native, with_categories
from trimtab.benchmark.methods.registry import Method, TableInfo, method, register
from trimtab.benchmark.methods.rows import MadeRows, SelectedRows, down_to, up_to
from trimtab.ensembles.default_learner import smallest_leaf
from trimtab.synthesis.msmote import MSMOTE

__all__ = ["small_leaves"]


def small_leaves(info: TableInfo, ratio: float = 1.0) -> dict[str, int]:
    """Return LightGBM's ``min_child_samples`` for a table that shrinks a lot.

    See `trimtab.ensembles.default_learner.smallest_leaf`.

    Parameters
    ----------
    info : TableInfo
        The table before it shrinks.
    ratio : float, default=1.0
        Rows of each class that are left, for each of the smallest class.

    Returns
    -------
    dict
        The parameter by name.
    """
    smallest = min(info.class_counts)
    rows = round(sum(min(n, ratio * smallest) for n in info.class_counts))
    return {"min_child_samples": smallest_leaf(rows)}


def _search_ratio_up(trial: Any) -> dict[str, Any]:
    return {"ratio": trial.suggest_float("ratio", 0.1, 1.0)}


def _search_ratio_down(trial: Any) -> dict[str, Any]:
    return {"ratio": trial.suggest_float("ratio", 1.0, 10.0, log=True)}


@method(
    "random-over-sampling",
    family="classic",
    description="Rows of the rare classes are repeated until all are equally large.",
    search_space=_search_ratio_up,
    quick=True,
)
def random_over_sampling(info: TableInfo, random_state: int, ratio: float = 1.0) -> Any:
    """Return LightGBM on rows among which rare ones come several times."""
    sampler = over_sampling.RandomOverSampler(
        sampling_strategy=partial(up_to, ratio=ratio), random_state=random_state
    )
    learner = lightgbm_learner(random_state)
    return make_pipeline(SelectedRows(sampler), *native(info), learner)


@method(
    "random-under-sampling",
    family="classic",
    description="As many rows of each class as the smallest has, drawn at random.",
    search_space=_search_ratio_down,
    quick=True,
)
def random_under_sampling(
    info: TableInfo, random_state: int, ratio: float = 1.0
) -> Any:
    """Return LightGBM on `ratio` rows of each class for one of the smallest."""
    sampler = under_sampling.RandomUnderSampler(
        sampling_strategy=partial(down_to, ratio=ratio), random_state=random_state
    )
    learner = lightgbm_learner(random_state, **small_leaves(info, ratio))
    return make_pipeline(SelectedRows(sampler), *native(info), learner)


@dataclass(frozen=True)
class _Sampler:
    """A sampler of imbalanced-learn, and how it becomes a method."""

    name: str
    description: str
    kind: Callable[..., Any]
    parameters: dict[str, Any] = field(default_factory=dict)
    shrinks: bool = False
    quick: bool = False


def _selecting(sampler: _Sampler, info: TableInfo, random_state: int) -> Any:
    """Return a pipeline that fits LightGBM on the rows the sampler selects."""
    parameters = dict(sampler.parameters)
    if "random_state" in sampler.kind().get_params():
        parameters["random_state"] = random_state
    view = make_pipeline(*dense(info))
    rows = SelectedRows(sampler.kind(**parameters), view)
    leaves = small_leaves(info) if sampler.shrinks else {}
    learner = lightgbm_learner(random_state, **leaves)
    return make_pipeline(rows, *native(info), learner)


_SELECTING = (
    _Sampler(
        "near-miss-1",
        "NearMiss-1 keeps the majority rows nearest to their 3 nearest rare rows.",
        under_sampling.NearMiss,
        {"version": 1},
        shrinks=True,
    ),
    _Sampler(
        "near-miss-2",
        "NearMiss-2 keeps the majority rows nearest to their 3 farthest rare rows.",
        under_sampling.NearMiss,
        {"version": 2},
        shrinks=True,
    ),
    _Sampler(
        "near-miss-3",
        "NearMiss-3 keeps, of the neighbours of rare rows, those farthest from them.",
        under_sampling.NearMiss,
        {"version": 3},
        shrinks=True,
    ),
    _Sampler(
        "edited-nearest-neighbours",
        "Drops majority rows unless all 3 nearest neighbours are of their class.",
        under_sampling.EditedNearestNeighbours,
    ),
    _Sampler(
        "all-knn",
        "Edited nearest neighbours three times, with 1, 2 and 3 neighbours.",
        under_sampling.AllKNN,
    ),
    _Sampler(
        "tomek-links",
        "Drops majority rows that are nearest neighbours of a rare row and it of them.",
        under_sampling.TomekLinks,
    ),
    _Sampler(
        "one-sided-selection",
        "Drops majority rows that their nearest neighbour explains, and Tomek links.",
        under_sampling.OneSidedSelection,
        shrinks=True,
    ),
    _Sampler(
        "neighbourhood-cleaning",
        "Drops majority rows that neighbours misclassify or that mislead rare ones.",
        under_sampling.NeighbourhoodCleaningRule,
    ),
)


for _one in _SELECTING:
    register(
        Method(
            _one.name,
            _one.description,
            "classic",
            partial(_selecting, _one),
            quick=_one.quick,
        )
    )


def _making(
    sampler: _Sampler,
    info: TableInfo,
    random_state: int,
    k_neighbors: int = 5,
    ratio: float = 1.0,
) -> Any:
    """Return a pipeline that fits LightGBM on rows among which some are made."""
    grow = partial(up_to, ratio=ratio, fewest=2)
    options: dict[str, Any] = {"sampling_strategy": grow, "random_state": random_state}
    if sampler.kind in (combine.SMOTEENN, combine.SMOTETomek):
        smote = over_sampling.SMOTE(k_neighbors=k_neighbors, **options)
        made = sampler.kind(smote=smote)
    elif sampler.kind is over_sampling.ADASYN:
        # It shares out a class's new rows and rounds: a few would come to none.
        options["sampling_strategy"] = partial(grow, least=0.5)
        made = sampler.kind(n_neighbors=k_neighbors, **options)
    else:
        made = sampler.kind(k_neighbors=k_neighbors, **sampler.parameters, **options)
    if sampler.kind is MSMOTE:  # loaded here, torch is no cost of a first fit
        from trimtab.synthesis import nearest_by_products  # noqa: F401

    keeps_categories = sampler.kind is over_sampling.SMOTENC
    steps = with_categories(info) if keeps_categories else dense(info)
    return make_pipeline(*steps, MadeRows(made), lightgbm_learner(random_state))


def _search_making(trial: Any) -> dict[str, Any]:
    k_neighbors = trial.suggest_int("k_neighbors", 1, 15)
    return {"k_neighbors": k_neighbors, **_search_ratio_up(trial)}


def _needs_categories(info: TableInfo) -> str | None:
    kinds = set(info.kinds or ())
    if "category" not in kinds:
        return "the table has no categories"
    return "the table has nothing but categories" if kinds == {"category"} else None


_MAKING = (
    _Sampler(
        "smote",
        "SMOTE: new rare rows between a rare row and its rare neighbours.",
        over_sampling.SMOTE,
        quick=True,
    ),
    _Sampler(
        "borderline-smote",
        "SMOTE from rare rows with more neighbours of other classes than their own.",
        over_sampling.BorderlineSMOTE,
    ),
    _Sampler(
        "svm-smote",
        "SMOTE from the support vectors of a support vector machine.",
        over_sampling.SVMSMOTE,
    ),
    _Sampler(
        "adasyn",
        "ADASYN: the more neighbours of other classes, the more new rows.",
        over_sampling.ADASYN,
    ),
    _Sampler(
        "smotenc",
        "SMOTE for mixed tables: new rows take the categories of most neighbours.",
        over_sampling.SMOTENC,
        {"categorical_features": "auto"},
    ),
    _Sampler(
        "msmote",
        "SMOTE that passes over noise and takes small steps at borders.",
        MSMOTE,
    ),
    _Sampler(
        "smote-enn",
        "SMOTE, then edited nearest neighbours on all classes.",
        combine.SMOTEENN,
    ),
    _Sampler(
        "smote-tomek",
        "SMOTE, then both rows of Tomek links dropped.",
        combine.SMOTETomek,
    ),
)

for _one in _MAKING:
    register(
        Method(
            _one.name,
            _one.description,
            "classic",
            partial(_making, _one),
            search_space=_search_making,
            applies=_needs_categories if _one.name == "smotenc" else None,
            quick=_one.quick,
        )
    )
