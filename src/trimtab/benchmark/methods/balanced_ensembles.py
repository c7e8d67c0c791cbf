"""imbalanced-learn's ensembles, whose members are fitted on balanced draws.

They are registered under the family ``"classic"``, beside the samplers.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

from imblearn import ensemble
from sklearn.tree import DecisionTreeClassifier

from trimtab.benchmark.methods.classics import small_leaves
from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.preparation import chain, dense
from trimtab.benchmark.methods.registry import TableInfo, method

__all__: list[str] = []


@method(
    "balanced-random-forest",
    family="classic",
    description="A random forest of 100 trees, each on a balanced draw of the rows.",
    quick=True,
)
def balanced_random_forest(
    info: TableInfo, random_state: int, n_estimators: int = 100
) -> Any:
    """Return a forest whose trees draw equally many rows of each class."""
    forest = ensemble.BalancedRandomForestClassifier(
        n_estimators,
        sampling_strategy="all",
        replacement=True,
        bootstrap=False,
        random_state=random_state,
        n_jobs=1,
    )
    return chain(dense(info), forest)


@method(
    "easy-ensemble",
    family="classic",
    description="EasyEnsemble: ten AdaBoosts of 50 stumps, each on a balanced draw.",
)
def easy_ensemble(info: TableInfo, random_state: int, n_estimators: int = 10) -> Any:
    """Return the mean of AdaBoosts on balanced draws."""
    boosts = ensemble.EasyEnsembleClassifier(
        n_estimators, random_state=random_state, n_jobs=1
    )
    return chain(dense(info), boosts)


@method(
    "rusboost",
    family="classic",
    description="RUSBoost: AdaBoost of 50 trees with a balanced draw in each round.",
)
def rusboost(
    info: TableInfo,
    random_state: int,
    n_estimators: int = 50,
    learning_rate: float = 0.1,
    max_depth: int = 8,
) -> Any:
    """Return AdaBoost that under-samples at random in each round.

    With imbalanced-learn's own defaults, stumps at a learning rate of 1, the first
    member is often no better than guessing on all rows, and the fit ends there.
    """
    boost = ensemble.RUSBoostClassifier(
        DecisionTreeClassifier(max_depth=max_depth),
        n_estimators=n_estimators,
        learning_rate=learning_rate,
        random_state=random_state,
    )
    return chain(dense(info), boost)


@method(
    "balanced-bagging",
    family="classic",
    description="The mean of ten LightGBMs, each on a balanced draw of the rows.",
    quick=True,
)
def balanced_bagging(info: TableInfo, random_state: int, n_estimators: int = 10) -> Any:
    """Return ten LightGBMs, each on all rare rows and as many of every other class.

    There is no bootstrap before the draw: it could lose the few rows of a class.
    """
    bag = ensemble.BalancedBaggingClassifier(
        lightgbm_learner(random_state, **small_leaves(info)),
        n_estimators,
        bootstrap=False,
        random_state=random_state,
        n_jobs=1,
    )
    return chain(dense(info), bag)
