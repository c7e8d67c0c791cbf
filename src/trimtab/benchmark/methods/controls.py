"""The controls: what users have without any rebalancing.

Each is registered under the family ``"control"``. All run in one thread, and the same
seed gives the same probabilities.
"""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from trimtab.benchmark.methods.preparation import DropEmpty, chain, dense, native
from trimtab.benchmark.methods.registry import TableInfo, method

__all__ = ["CodedLabels", "lightgbm_learner"]

BAG_SIZE = 10


def lightgbm_learner(random_state: int, **parameters: Any) -> Any:
    """Return a LightGBM that is quiet, takes one thread and repeats itself exactly.

    Parameters
    ----------
    random_state : int
        Its seed.
    **parameters
        Further parameters of ``lightgbm.LGBMClassifier``.

    Returns
    -------
    LGBMClassifier
    """
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        random_state=random_state,
        n_jobs=1,
        deterministic=True,
        force_row_wise=True,
        verbosity=-1,
        **parameters,
    )


def _search_lightgbm(trial: Any) -> dict[str, Any]:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 500, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 128, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 1, 100, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "subsample_freq": 1,
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
    }


@method(
    "lightgbm",
    family="control",
    description="LightGBM as it comes: gradient-boosted trees, nothing rebalanced.",
    search_space=_search_lightgbm,
    quick=True,
)
def lightgbm(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return LightGBM with its own defaults."""
    return chain(native(info), lightgbm_learner(random_state, **parameters))


@method(
    "lightgbm-class-weight",
    family="control",
    description="LightGBM with rows weighted so that all classes weigh the same.",
    search_space=_search_lightgbm,
    quick=True,
)
def lightgbm_class_weight(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return LightGBM with balanced class weights."""
    return lightgbm(info, random_state, class_weight="balanced", **parameters)


def _needs_two_classes(info: TableInfo) -> str | None:
    if not info.is_binary:
        return f"one threshold cannot divide {len(info.class_counts)} classes"
    n_rows = sum(info.class_counts)
    if n_rows < 100:
        # With 40 rows or fewer LightGBM does not divide them, and nothing is tuned.
        return (
            f"{n_rows} rows are too few: 100 or more leave enough for an inner "
            "cross-validation"
        )
    return None


@method(
    "lightgbm-tuned-threshold",
    family="control",
    description=(
        "LightGBM whose decision threshold maximises macro F1 in cross-validation "
        "inside the training part."
    ),
    applies=_needs_two_classes,
    quick=True,
)
def lightgbm_tuned_threshold(info: TableInfo, random_state: int, cv: int = 5) -> Any:
    """Return LightGBM in scikit-learn's ``TunedThresholdClassifierCV``.

    Its probabilities are plain LightGBM's; it decides otherwise. There are fewer than
    `cv` folds where the smaller class has fewer rows.
    """
    from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV

    folds = max(2, min(cv, *info.class_counts))
    return TunedThresholdClassifierCV(
        lightgbm(info, random_state),
        scoring="f1_macro",
        cv=StratifiedKFold(folds, shuffle=True, random_state=random_state),
    )


@method(
    "bagged-lightgbm",
    family="control",
    description=(
        "The mean of ten LightGBMs, every tree of which sees 0.8 of rows and columns."
    ),
    quick=True,
)
def bagged_lightgbm(info: TableInfo, random_state: int, share: float = 0.8) -> Any:
    """Return ten LightGBMs with different seeds, their probabilities averaged.

    Rows and columns are drawn anew for each tree rather than once for each member:
    that scores better at the same cost, and a member never lacks a class.
    """
    from sklearn.ensemble import VotingClassifier

    members = [
        lightgbm_learner(
            BAG_SIZE * random_state + i,
            subsample=share,
            subsample_freq=1,
            colsample_bytree=share,
        )
        for i in range(BAG_SIZE)
    ]
    named = [(f"member-{i}", member) for i, member in enumerate(members)]
    return chain(native(info), VotingClassifier(named, voting="soft"))


class CodedLabels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier of labels of any type by one that wants 0, 1, ...

    Parameters
    ----------
    estimator : classifier
        What is fitted on the codes.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    estimator_ : classifier
        The fitted classifier.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any, y: Any) -> Self:
        """Fit the classifier on the codes of `y`."""
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.estimator_ = clone(self.estimator).fit(X, codes)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities of shape (n_rows, n_classes)."""
        return np.asarray(self.estimator_.predict_proba(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each row."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels


@method(
    "xgboost",
    family="control",
    description="XGBoost as it comes.",
)
def xgboost(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return XGBoost with its own defaults; categories are taken as they are."""
    from xgboost import XGBClassifier

    learner = XGBClassifier(
        random_state=random_state,
        n_jobs=1,
        enable_categorical=True,
        verbosity=0,
        **parameters,
    )
    return chain(native(info), CodedLabels(learner))


def _needs_dense_rows(info: TableInfo) -> str | None:
    return "it takes no sparse matrix" if info.is_sparse else None


@method(
    "hist-gradient-boosting",
    family="control",
    description="scikit-learn's HistGradientBoostingClassifier as it comes.",
    applies=_needs_dense_rows,
)
def hist_gradient_boosting(
    info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    """Return histogram gradient boosting with its own defaults."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    learner = HistGradientBoostingClassifier(random_state=random_state, **parameters)
    # It is the one learner that fails on a column without any value.
    drop = [DropEmpty()] if info.has_missing and not info.is_frame else []
    return chain([*drop, *native(info)], learner)


def _search_random_forest(trial: Any) -> dict[str, Any]:
    return {
        "max_features": trial.suggest_float("max_features", 0.05, 1.0, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 20, log=True),
        "criterion": trial.suggest_categorical("criterion", ["gini", "entropy"]),
    }


@method(
    "random-forest",
    family="control",
    description="A random forest of 100 trees as it comes.",
    search_space=_search_random_forest,
    quick=True,
)
def random_forest(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return a random forest; categories become columns of zeros and ones."""
    from sklearn.ensemble import RandomForestClassifier

    learner = RandomForestClassifier(random_state=random_state, n_jobs=1, **parameters)
    return chain(dense(info), learner)


@method(
    "random-forest-class-weight",
    family="control",
    description="A random forest whose trees weigh the classes of their rows equally.",
    search_space=_search_random_forest,
)
def random_forest_class_weight(
    info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    """Return a random forest with class weights by tree."""
    weights = {"class_weight": "balanced_subsample"}
    return random_forest(info, random_state, **weights, **parameters)


def _search_logistic_regression(trial: Any) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-4, 1e2, log=True)}


@method(
    "logistic-regression",
    family="control",
    description="Logistic regression on scaled columns.",
    search_space=_search_logistic_regression,
    quick=True,
)
def logistic_regression(info: TableInfo, random_state: int, **parameters: Any) -> Any:
    """Return logistic regression with the usual penalty, C = 1."""
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(max_iter=1000, random_state=random_state, **parameters)
    return chain(dense(info), learner)


@method(
    "logistic-regression-class-weight",
    family="control",
    description="Logistic regression with class weights: all classes weigh the same.",
    search_space=_search_logistic_regression,
)
def logistic_regression_class_weight(
    info: TableInfo, random_state: int, **parameters: Any
) -> Any:
    """Return logistic regression with balanced class weights."""
    weights = {"class_weight": "balanced"}
    return logistic_regression(info, random_state, **weights, **parameters)
