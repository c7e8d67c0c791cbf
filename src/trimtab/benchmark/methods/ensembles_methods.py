"""Ensembles on drawn and on made rows, with their controls, over any of seven learners.

All have ten members. What the MESA paper compares has the numbers of rows and of
neighbours of its Table 8, where it gives any, but the boosting of the ensembles' own
papers, AdaBoost.M2. `BASES` are its learners, LightGBM, and a tree of depth 8 for
boosting, to which a full tree leaves nothing to improve. Constant and random μ are
MESA's draw without its learning, and a plain bag is what no draw at all would do: they
are controls, as every gain of the others has to be one over these too.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.preparation import chain, dense, native
from trimtab.benchmark.methods.registry import TableInfo, method
from trimtab.ensembles.boosting import RAMOBoostClassifier, SMOTEBoostClassifier
from trimtab.ensembles.named_ensembles import (
    BalanceCascadeClassifier,
    SelfPacedEnsembleClassifier,
    UnderBaggingClassifier,
)
from trimtab.ensembles.policies import GaussianPolicy, RandomPolicy
from trimtab.ensembles.smote_bagging import SMOTEBaggingClassifier
from trimtab.ensembles.under_sampling import UnderSamplingEnsembleClassifier
from trimtab.exceptions import InputError, nearest_names
from trimtab.mesa import MESAClassifier

__all__ = ["BASES", "base_learner"]

BASES = (
    "lightgbm",
    "decision-tree",
    "shallow-tree",
    "knn",
    "gaussian-nb",
    "adaboost",
    "gradient-boosting",
)
"""What members can be, by the parameter ``base``."""


def base_learner(base: str) -> Any:
    """Return an unfitted learner of one of the `BASES`, with its library's defaults.

    Where it leaves anything to chance its seed is 0.

    Parameters
    ----------
    base : str
        Its name.

    Raises
    ------
    InputError
        Where there is no such base.
    """
    from sklearn import ensemble
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    if base == "lightgbm":
        return lightgbm_learner(0)
    if base == "decision-tree":
        return DecisionTreeClassifier(random_state=0)
    if base == "shallow-tree":
        return DecisionTreeClassifier(max_depth=8, random_state=0)
    if base == "knn":
        return KNeighborsClassifier()
    if base == "gaussian-nb":
        return GaussianNB()
    if base == "adaboost":
        return ensemble.AdaBoostClassifier(random_state=0)
    if base == "gradient-boosting":
        return ensemble.GradientBoostingClassifier(random_state=0)
    raise InputError(f"there is no base {base!r}: {nearest_names(str(base), BASES)}")


def _steps(base: str, info: TableInfo) -> list[Any]:
    """Return what makes a table ready for a base."""
    if base == "gaussian-nb" and info.is_sparse:
        raise InputError(
            "base 'gaussian-nb' takes no sparse matrix: give a dense array, or another "
            "base"
        )
    return native(info) if base == "lightgbm" else dense(info)


def _on_drawn_rows(
    kind: type[Any],
    info: TableInfo,
    random_state: int,
    base: str = "lightgbm",
    n_estimators: int = 10,
    **parameters: Any,
) -> Any:
    """Return an ensemble that selects rows.

    Its LightGBMs have leaves that suit a small draw.
    """
    learner = None if base == "lightgbm" else base_learner(base)
    model = kind(
        learner, n_estimators=n_estimators, random_state=random_state, **parameters
    )
    return chain(_steps(base, info), model)


def _search_ratio(trial: Any) -> dict[str, Any]:
    return {"ratio": trial.suggest_float("ratio", 1.0, 10.0, log=True)}


def _search_sigma(trial: Any) -> dict[str, Any]:
    sigma = trial.suggest_float("sigma", 0.05, 0.5, log=True)
    return {"sigma": sigma, **_search_ratio(trial)}


def _search_mu(trial: Any) -> dict[str, Any]:
    return {"mu": trial.suggest_float("mu", 0.0, 1.0), **_search_sigma(trial)}


def _search_self_paced(trial: Any) -> dict[str, Any]:
    n_bins = trial.suggest_int("n_bins", 2, 20)
    return {"n_bins": n_bins, **_search_ratio(trial)}


@method(
    "under-bagging",
    family="classic",
    description="UnderBagging: ten members, each on a balanced draw at random.",
    search_space=_search_ratio,
)
def under_bagging(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return an ensemble on draws that do not look at errors."""
    return _on_drawn_rows(UnderBaggingClassifier, info, random_state, **parameters)


@method(
    "self-paced-ensemble",
    family="classic",
    description="Self-paced ensemble: balanced draws, easy rows first, then all.",
    search_space=_search_self_paced,
)
def self_paced_ensemble(
    info: TableInfo,
    random_state: int,
    hardness: str = "cross_entropy",
    **parameters: Any,
) -> Any:
    """Return SPE with the hardness of Table 8."""
    return _on_drawn_rows(
        SelfPacedEnsembleClassifier,
        info,
        random_state,
        hardness=hardness,
        **parameters,
    )


@method(
    "balance-cascade",
    family="classic",
    description="BalanceCascade: balanced draws from rows that are not yet learned.",
    search_space=_search_ratio,
)
def balance_cascade(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return a cascade that loses the easiest rows after each member."""
    return _on_drawn_rows(BalanceCascadeClassifier, info, random_state, **parameters)


@method(
    "constant-mu",
    family="control",
    description="MESA's draw, learned by nobody: always around the greatest error.",
    search_space=_search_mu,
)
def constant_mu(
    info: TableInfo,
    random_state: int,
    mu: float = 1.0,
    sigma: float = 0.2,
    ratio: float = 1.0,
    **parameters: Any,
) -> Any:
    """Return an ensemble on draws by a Gaussian that never moves."""
    policy = GaussianPolicy(mu, sigma, ratio)
    kind = UnderSamplingEnsembleClassifier
    return _on_drawn_rows(kind, info, random_state, policy=policy, **parameters)


@method(
    "random-mu",
    family="control",
    description="MESA's draw, left to chance: around another error for each member.",
    search_space=_search_sigma,
)
def random_mu(
    info: TableInfo,
    random_state: int,
    sigma: float = 0.2,
    ratio: float = 1.0,
    **parameters: Any,
) -> Any:
    """Return an ensemble on draws by a Gaussian that moves at random."""
    policy = RandomPolicy(sigma, ratio)
    kind = UnderSamplingEnsembleClassifier
    return _on_drawn_rows(kind, info, random_state, policy=policy, **parameters)


@method(
    "mesa",
    family="learned",
    description="MESA: a meta-sampler decides how hard rows are drawn, and how many.",
    quick=True,
)
def mesa(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return MESA with the meta-sampler that comes with trimtab: no row is held out."""
    return _on_drawn_rows(MESAClassifier, info, random_state, **parameters)


@method(
    "bagging",
    family="control",
    description="A plain bag of ten: each member on rows drawn with replacement.",
)
def bagging(
    info: TableInfo,
    random_state: int,
    base: str = "lightgbm",
    n_estimators: int = 10,
    **parameters: Any,
) -> Any:
    """Return scikit-learn's bagging. It takes arrays, so a frame is made one.

    A learner that takes weights would be given all rows, many at a weight of zero:
    LightGBM's leaves count these, and AdaBoost takes their logarithm. In a pipeline it
    is given the drawn rows themselves.
    """
    from sklearn.ensemble import BaggingClassifier
    from sklearn.pipeline import make_pipeline

    member = make_pipeline(base_learner(base))
    model = BaggingClassifier(
        member, n_estimators, random_state=random_state, **parameters
    )
    steps = dense(info) if info.is_frame else _steps(base, info)
    return chain(steps, model)


def _needs_dense_rows(info: TableInfo) -> str | None:
    return "rows are made of dense numbers, not sparse ones" if info.is_sparse else None


def _on_made_rows(
    kind: type[Any],
    info: TableInfo,
    random_state: int,
    base: str = "lightgbm",
    n_estimators: int = 10,
    **parameters: Any,
) -> Any:
    """Return an ensemble that makes rows, on complete numbers of one scale."""
    # Loaded here, torch is no cost of the first fit of a process.
    from trimtab.synthesis import nearest_by_products  # noqa: F401

    model = kind(
        base_learner(base), n_estimators, random_state=random_state, **parameters
    )
    return chain(dense(info), model)


def _search_neighbours(trial: Any) -> dict[str, Any]:
    return {"k_neighbors": trial.suggest_int("k_neighbors", 1, 15)}


def _search_new_rows(trial: Any) -> dict[str, Any]:
    return {"n_new_rows": trial.suggest_int("n_new_rows", 20, 2000, log=True)}


def _search_smote_boost(trial: Any) -> dict[str, Any]:
    return {**_search_new_rows(trial), **_search_neighbours(trial)}


@method(
    "smote-boost",
    family="classic",
    description="SMOTEBoost: AdaBoost.M2 with 100 rare rows made anew in each round.",
    search_space=_search_smote_boost,
    applies=_needs_dense_rows,
)
def smote_boost(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return SMOTEBoost."""
    return _on_made_rows(SMOTEBoostClassifier, info, random_state, **parameters)


def _search_ramo(trial: Any) -> dict[str, Any]:
    return {
        **_search_new_rows(trial),
        "k_neighbors_1": trial.suggest_int("k_neighbors_1", 1, 15),
        "k_neighbors_2": trial.suggest_int("k_neighbors_2", 1, 15),
        "alpha": trial.suggest_float("alpha", 0.03, 3.0, log=True),
    }


@method(
    "ramo-boost",
    family="classic",
    description="RAMOBoost: SMOTEBoost with rows made where boosting has most to do.",
    search_space=_search_ramo,
    applies=_needs_dense_rows,
)
def ramo_boost(
    info: TableInfo,
    random_state: int,
    n_new_rows: int = 100,
    k_neighbors_2: int = 5,
    **parameters: Any,
) -> Any:
    """Return RAMOBoost with the parameters of Table 8."""
    return _on_made_rows(
        RAMOBoostClassifier,
        info,
        random_state,
        n_new_rows=n_new_rows,
        k_neighbors_2=k_neighbors_2,
        **parameters,
    )


@method(
    "smote-bagging",
    family="classic",
    description="SMOTEBagging: rare rows repeated and made, another mix in each bag.",
    search_space=_search_neighbours,
    applies=_needs_dense_rows,
)
def smote_bagging(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return bags with as many rows of each class as the largest has."""
    return _on_made_rows(SMOTEBaggingClassifier, info, random_state, **parameters)
