"""
What an ensemble is fitted on
=============================

Ensembles on balanced draws differ by one thing: which rows of the large class each
member sees. Here is what that does, and how to write a policy of your own.
"""

# %%
# A rare class among many rows
# ----------------------------
# Two thousand rows of one class and two hundred of another, which overlap.

import numpy as np

rng = np.random.default_rng(0)


def two_arcs(n_common, n_rare):
    """Return noisy rows of two arcs that meet, and their labels."""
    angle = rng.uniform(0, np.pi, n_common + n_rare)
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    X[n_common:] = [1, 0.5] - X[n_common:]
    X += rng.normal(scale=0.3, size=X.shape)
    return X, np.repeat(["common", "rare"], [n_common, n_rare])


X_train, y_train = two_arcs(2000, 200)
X_test, y_test = two_arcs(2000, 200)

# %%
# Five policies
# -------------
# ``"uniform"`` draws at random. The others look at the errors of the ensemble so far:
# ``"gaussian"`` draws what it gets wrong, ``"random"`` rows around an error that is
# drawn anew each time, ``"self-paced"`` goes from easy rows to all alike, ``"cascade"``
# drops easy rows for good.

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import average_precision_score
from sklearn.tree import DecisionTreeClassifier

from trimtab import UnderSamplingEnsembleClassifier

tree = DecisionTreeClassifier()
names = ["uniform", "gaussian", "random", "self-paced", "cascade"]
figure, axes = plt.subplots(1, 5, figsize=(13, 3), layout="constrained")
for name, ax in zip(names, axes, strict=True):
    model = UnderSamplingEnsembleClassifier(tree, name, n_estimators=5, random_state=0)
    model.fit(X_train, y_train)
    score = average_precision_score(y_test == "rare", model.predict_proba(X_test)[:, 1])
    DecisionBoundaryDisplay.from_estimator(
        model, X_train, response_method="predict_proba", cmap="RdBu_r", ax=ax
    )
    ax.scatter(*X_train[y_train == "common"].T, c="white", s=1)
    ax.scatter(*X_train[y_train == "rare"].T, c="gold", s=3)
    ax.set(title=f"{name}, AP {score:.2f}", xticks=[], yticks=[])

# %%
# Blue is common and red is rare; white dots are common training rows, golden ones rare.
# Average precision is on rows that no member has seen, and of five trees each; another
# seed gives other figures. Compare them on your own rows before you prefer one.
#
# A policy of one's own
# ---------------------
# Any object with a method ``select`` is a policy. It is given the round: the error of
# each row, how many members there are, and a way to draw. This one wants the rows that
# the ensemble is undecided about, and each time more of them.

from trimtab.ensembles.round import Round


class BorderPolicy:
    """Rows with an error near one half, at last five for each of the smallest class."""

    def select(self, round: Round) -> np.ndarray:
        """Return the rows of the next member."""
        done = round.number / max(round.n_rounds - 1, 1)
        round.notes["ratio"] = ratio = 5.0**done
        return round.draw(self.chance, ratio)

    def chance(self, errors: np.ndarray) -> np.ndarray:
        """Return the weights that rows with these errors are drawn by."""
        return np.exp(-np.abs(errors - 0.5) / 0.15)


own = UnderSamplingEnsembleClassifier(
    tree, BorderPolicy(), validation_fraction=0.25, random_state=0
)
own.fit(X_train, y_train)

import pandas as pd

history = pd.DataFrame(own.history_)
history[["round", "ratio", "rows_per_class", "held_out_score"]].round(2)

# %%
# How the errors move
# -------------------
# ``history_`` also has, for each class, the shares of training and of held-out rows in
# ten bins of their error: what a policy may look at before it decides. The one that
# ships looks at the training rows alone; here a quarter is held out to show both.

from trimtab import MESAClassifier

mesa = MESAClassifier(tree, validation_fraction=0.25, random_state=0)
mesa.fit(X_train, y_train)
figure, axes = plt.subplots(1, 3, figsize=(10, 2.8), sharey=True, layout="constrained")
edges = np.linspace(0, 1, 11)
for record, ax in zip(np.array(mesa.history_)[[0, 4, 9]], axes, strict=True):
    for code, name in enumerate(mesa.classes_):
        ax.stairs(record["held_out_histogram"][code], edges, label=name, linewidth=2)
    title = f"after member {record['round']}, AP {record['held_out_score']:.2f}"
    ax.set(title=title, xlabel="error on held-out rows", yscale="log", ylim=(1e-3, 1))
_ = figure.legend(*ax.get_legend_handles_labels(), loc="outside right center")
