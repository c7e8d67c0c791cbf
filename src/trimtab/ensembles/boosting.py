"""Boosting on made rows: SMOTEBoost and RAMOBoost.

Both are AdaBoost.M2, see `trimtab.ensembles.pseudo_loss`. Before each round rows of the
rare classes are made, for that round alone: a member is fitted on them, and they are
forgotten. Neither the pseudo-loss nor the weights know of them.
"""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from abc import abstractmethod
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import Interval

from trimtab.ensembles.members import MemberMaker, predicted
from trimtab.ensembles.number_ensemble import NumberEnsemble, RareClass, rare_classes
from trimtab.ensembles.pseudo_loss import (
    LEAST_LOSS,
    first_mistakes,
    parent_weights,
    pseudo_loss,
    reweighed,
)
from trimtab.fit_arguments import coded_class_weights
from trimtab.synthesis.between_neighbours import smote_rows
from trimtab.synthesis.neighbours import foreign_neighbours
from trimtab.tables import Labels

__all__ = ["RAMOBoostClassifier", "SMOTEBoostClassifier"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

_DEPTH = 8


class _MadeRowsBoosting(NumberEnsemble):
    """AdaBoost.M2 on rows that are made anew for each member."""

    n_new_rows: int

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **NumberEnsemble._parameter_constraints,
        "n_new_rows": [Interval(Integral, 0, None, closed="left")],
    }

    @abstractmethod
    def _neighbourhoods(
        self, X: Floats, labels: Labels
    ) -> list[tuple[RareClass, Codes | None]]:
        """Return the rare classes and, if that counts, their rows' foreign neighbours.

        ``foreign`` is None where all rows are equally likely to be a parent.
        """

    def _parents(self, row_weights: Floats, foreign: Codes | None) -> Floats | None:
        """Return how likely each row of a class is to be a parent."""
        return None

    def _grow(self, X: Floats, labels: Labels, rng: np.random.Generator) -> Floats:
        learner = self.estimator
        if learner is None:
            learner = DecisionTreeClassifier(max_depth=_DEPTH)
        learner = coded_class_weights(learner, labels.classes)
        boost = _Boost(learner, X, labels.codes, len(labels.classes))
        classes = self._neighbourhoods(X, labels)
        room = labels.counts.max() - labels.counts
        n_new = np.minimum(room, self.n_new_rows)
        new_codes = np.repeat(np.arange(len(n_new)), n_new)
        for _ in range(self.n_estimators):
            row_weights = boost.mistakes.sum(axis=1)
            made = [
                smote_rows(
                    rare.X,
                    rare.neighbours,
                    int(n_new[rare.code]),
                    rng,
                    self._parents(row_weights[rare.rows], foreign),
                )
                for rare, foreign in classes
            ]
            if not boost.add(made, new_codes, rng):
                break
        self.estimators_, self.history_ = boost.members, boost.records
        return np.array([record["vote"] for record in boost.records])


class _Boost:
    """An AdaBoost.M2 that grows by one member at a time."""

    def __init__(self, learner: Any, X: Floats, codes: Codes, n_classes: int) -> None:
        self._maker = MemberMaker(learner, weighted=False)
        self._X, self._codes, self._n_classes = X, codes, n_classes
        self.mistakes = first_mistakes(codes, n_classes)
        self.members: list[Any] = []
        self.records: list[dict[str, Any]] = []

    def add(
        self,
        made: list[NDArray[np.floating[Any]]],
        made_codes: Codes,
        rng: np.random.Generator,
    ) -> bool:
        """Fit a member; return whether there may be another.

        A member no better than guessing ends the boosting and is dropped, unless it is
        the first.
        """
        number = len(self.members) + 1
        try:
            member, drawn = self._fitted(made, made_codes, rng)
            probabilities = predicted(member, self._X, self._n_classes)
        except Exception as error:
            error.add_note(f"raised by member {number}")
            raise
        loss = max(pseudo_loss(self.mistakes, probabilities, self._codes), LEAST_LOSS)
        is_useful = loss < 0.5
        if is_useful:
            beta = loss / (1 - loss)
            vote = -float(np.log(beta))
            self.mistakes = reweighed(self.mistakes, probabilities, self._codes, beta)
        elif self.members:
            return False
        else:
            vote = 1.0
            warnings.warn(
                f"the first member's pseudo-loss is {loss:.3f}, no better than a "
                "guess's, and boosting ended: take a stronger estimator",
                UserWarning,
                stacklevel=2,
            )
        self.members.append(member)
        self.records.append(
            {
                "round": number,
                "rows_per_class": np.bincount(drawn, minlength=self._n_classes),
                "new_rows_per_class": np.bincount(
                    made_codes, minlength=self._n_classes
                ),
                "pseudo_loss": loss,
                "vote": vote,
            }
        )
        return is_useful

    def _fitted(
        self,
        made: list[NDArray[np.floating[Any]]],
        made_codes: Codes,
        rng: np.random.Generator,
    ) -> tuple[Any, Codes]:
        """Return a member, and the codes of the rows that it was fitted on.

        A made row counts as much as an original one does on average. A learner that
        takes no weights gets as many original rows as there are, drawn by weight.
        """
        X, codes = self._X, self._codes
        row_weights = self.mistakes.sum(axis=1)
        weights = None
        if self._maker.takes_weights:
            ones = np.ones(len(made_codes))
            weights = np.concatenate([len(codes) * row_weights, ones])
        else:
            p = row_weights / row_weights.sum()
            rows = rng.choice(len(codes), size=len(codes), p=p)
            X, codes = X[rows], codes[rows]
        codes = np.concatenate([codes, made_codes])
        member = self._maker.unfitted(len(codes), int(rng.integers(2**31 - 1)))
        self._maker.fit(member, np.concatenate([X, *made]), codes, weights)
        return member, codes


class SMOTEBoostClassifier(_MadeRowsBoosting):
    """AdaBoost.M2 in which each member also gets rows made by SMOTE.

    Chawla, Lazarevic, Hall and Bowyer, 2003. In each round `n_new_rows` rows of each
    rare class are made between its rows and their neighbours, and a member is fitted on
    all rows by their weights and on the new ones. The next round makes others.

    Read more in the :doc:`user guide </user_guide/over_sampling_ensembles>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of: any classifier with ``predict_proba``. One that
        takes no ``sample_weight`` is fitted on rows drawn by weight. None for a
        decision tree of at most eight levels: a full one has no pseudo-loss on its
        training rows, and nothing is left to boost.
    n_estimators : int, default=10
        Members, at most: a member no better than guessing ends the boosting.
    n_new_rows : int, default=100
        Rows made in each round of every class but the largest, though no more than
        make it as large.
    k_neighbors : int, default=5
        Nearest rows of its class that a row is interpolated with.
    random_state : int, RandomState or None, default=None
        Decides the new rows and the members' seeds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    estimators_ : list of classifier
        The members.
    estimator_weights_ : ndarray of float of shape (n_members,)
        Their votes, log(1 / beta).
    history_ : list of dict
        One record for each member: ``round`` (from 1), ``rows_per_class`` that it was
        fitted on, ``new_rows_per_class`` among them, ``pseudo_loss`` and ``vote``.
    n_features_in_ : int
        Columns seen in ``fit``.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where the table had any.

    Warns
    -----
    UserWarning
        Where a class has too few rows for `k_neighbors`, or the first member is no
        better than guessing.

    See Also
    --------
    RAMOBoostClassifier : Makes rows where they are hard.
    imblearn.ensemble.RUSBoostClassifier : Drops rows instead.

    References
    ----------
    N. V. Chawla, A. Lazarevic, L. O. Hall and K. W. Bowyer, "SMOTEBoost: Improving
    Prediction of the Minority Class in Boosting", PKDD 2003.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import SMOTEBoostClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> model = SMOTEBoostClassifier(random_state=0).fit(X, y)
    >>> model.history_[0]["rows_per_class"].tolist()
    [450, 150]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_MadeRowsBoosting._parameter_constraints,
        "k_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        n_new_rows: int = 100,
        k_neighbors: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.n_new_rows = n_new_rows
        self.k_neighbors = k_neighbors
        self.random_state = random_state

    def _neighbourhoods(
        self, X: Floats, labels: Labels
    ) -> list[tuple[RareClass, Codes | None]]:
        return [(rare, None) for rare in rare_classes(X, labels, self.k_neighbors)]


class RAMOBoostClassifier(_MadeRowsBoosting):
    """AdaBoost.M2 in which each member also gets rows made where rows are hard.

    Chen, He and Garcia, 2010. As SMOTEBoost, but a rare row is the likelier to be a
    parent, the more it weighs in the boosting and the more of its neighbours are of
    another class: in proportion to D_t(i) / (1 + exp(-alpha delta_i)).

    The paper draws the rows of each round by weight and counts neighbours among them;
    here learners get the weights, and neighbours are counted once, in the whole table.

    Read more in the :doc:`user guide </user_guide/over_sampling_ensembles>`.

    Parameters
    ----------
    estimator : classifier or None, default=None
        What the members are clones of: any classifier with ``predict_proba``. One that
        takes no ``sample_weight`` is fitted on rows drawn by weight. None for a
        decision tree of at most eight levels.
    n_estimators : int, default=10
        Members, at most: a member no better than guessing ends the boosting.
    n_new_rows : int, default=200
        Rows made in each round of every class but the largest, though no more than
        make it as large.
    k_neighbors_1 : int, default=5
        Nearest rows of the whole table among which those of another class are counted.
    k_neighbors_2 : int, default=10
        Nearest rows of its class that a row is interpolated with.
    alpha : float, default=0.3
        How fast a row's chance rises with its foreign neighbours.
    random_state : int, RandomState or None, default=None
        Decides the new rows and the members' seeds.

    Attributes
    ----------
    classes_, estimators_, estimator_weights_, history_, n_features_in_
        As for `SMOTEBoostClassifier`.

    Warns
    -----
    UserWarning
        Where a class has too few rows for `k_neighbors_2`, or the first member is no
        better than guessing.

    See Also
    --------
    SMOTEBoostClassifier : Makes rows everywhere alike.

    References
    ----------
    S. Chen, H. He and E. A. Garcia, "RAMOBoost: Ranked Minority Oversampling in
    Boosting", IEEE Transactions on Neural Networks 21, 2010.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from trimtab import RAMOBoostClassifier
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> RAMOBoostClassifier(random_state=0).fit(X, y).predict(X).shape
    (500,)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **_MadeRowsBoosting._parameter_constraints,
        "k_neighbors_1": [Interval(Integral, 1, None, closed="left")],
        "k_neighbors_2": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        n_new_rows: int = 200,
        k_neighbors_1: int = 5,
        k_neighbors_2: int = 10,
        alpha: float = 0.3,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.n_new_rows = n_new_rows
        self.k_neighbors_1 = k_neighbors_1
        self.k_neighbors_2 = k_neighbors_2
        self.alpha = alpha
        self.random_state = random_state

    def _neighbourhoods(
        self, X: Floats, labels: Labels
    ) -> list[tuple[RareClass, Codes | None]]:
        return [
            (rare, foreign_neighbours(X, labels.codes, rare.rows, self.k_neighbors_1))
            for rare in rare_classes(X, labels, self.k_neighbors_2)
        ]

    def _parents(self, row_weights: Floats, foreign: Codes | None) -> Floats | None:
        if foreign is None:
            return None
        return parent_weights(row_weights, foreign, self.alpha)
