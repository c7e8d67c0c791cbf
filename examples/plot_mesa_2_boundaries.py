"""
Where classes overlap
=====================

Three sets of points in the plane, from two arcs that are almost apart to two that are
one cloud, and what five ensembles of five trees make of them. The MESA paper has such a
picture, its Figure 3.
"""

# %%
# The same rare class three times
# -------------------------------
# Two thousand common points and two hundred rare ones. What differs is the noise.

import numpy as np

rng = np.random.default_rng(0)


def two_arcs(noise):
    """Return noisy points of two arcs, and whether they are rare."""
    is_rare = np.repeat([0, 1], [2000, 200])
    angle = rng.uniform(0, np.pi, len(is_rare))
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    X[is_rare == 1] = [1, 0.5] - X[is_rare == 1]
    return X + rng.normal(scale=noise, size=X.shape), is_rare


levels = {"little overlap": 0.15, "some": 0.3, "much": 0.5}
train = {name: two_arcs(noise) for name, noise in levels.items()}
test = {name: two_arcs(noise) for name, noise in levels.items()}

# %%
# Five ensembles
# --------------
# A plain bag sees all rows. Three others give each tree 400 of the 2,200: all rare
# points and as many common ones, drawn at random (``"uniform"``), from easy to all
# alike (``"self-paced"``) or from those that are not learned yet (``"cascade"``). MESA
# decides how many too: its first tree gets 400, three get 834, the last nearly all.

from sklearn.ensemble import BaggingClassifier
from sklearn.tree import DecisionTreeClassifier

from trimtab import MESAClassifier, UnderSamplingEnsembleClassifier

tree = DecisionTreeClassifier()
models = {"a bag, all rows": BaggingClassifier(tree, 5, random_state=0)}
for policy in ("uniform", "self-paced", "cascade"):
    models[policy] = UnderSamplingEnsembleClassifier(
        tree, policy, n_estimators=5, random_state=0
    )
models["MESA"] = MESAClassifier(tree, n_estimators=5, random_state=0)

# %%
# What they learn
# ---------------
# The redder, the likelier is the rare class. White dots are common training points,
# golden ones rare. The number is the average precision on points of another draw.

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import average_precision_score

figure, axes = plt.subplots(3, 5, figsize=(12, 7.5), layout="constrained")
for row, level in zip(axes, levels, strict=True):
    (X, y), (X_test, y_test) = train[level], test[level]
    for ax, (name, model) in zip(row, models.items(), strict=True):
        scores = model.fit(X, y).predict_proba(X_test)[:, 1]
        DecisionBoundaryDisplay.from_estimator(
            model, X, response_method="predict_proba", cmap="RdBu_r", eps=0.2, ax=ax
        )
        ax.scatter(*X[y == 0].T, c="white", s=1)
        ax.scatter(*X[y == 1].T, c="gold", s=2)
        ax.set(xticks=[], yticks=[], title=name if level == "little overlap" else "")
        area = average_precision_score(y_test, scores)
        box = {"facecolor": "white", "alpha": 0.8, "linewidth": 0}
        ax.text(0.97, 0.04, f"{area:.2f}", transform=ax.transAxes, ha="right", bbox=box)
    row[0].set(ylabel=level)

# %%
# Who decided for MESA
# --------------------
# ``policy_`` is what MESA went by: here the policy that ships, which was made on other
# tables. ``history_`` has what it decided for each tree.

mesa = models["MESA"]
print(type(mesa.policy_).__name__)
for record in mesa.history_:
    print(record["round"], "trained on", record["rows_per_class"], "rows")

# %%
# How sure is that?
# -----------------
# One draw of points says little. Here are ten, with the mean and the standard deviation
# of the average precision.

print(f"{'':16}" + "".join(f"{level:>18}" for level in levels))
for name, model in models.items():
    areas = []
    for noise in levels.values():
        draws = []
        for _ in range(10):
            model.fit(*two_arcs(noise))
            X_test, y_test = two_arcs(noise)
            scores = model.predict_proba(X_test)[:, 1]
            draws.append(average_precision_score(y_test, scores))
        areas.append(f"{np.mean(draws):11.2f} ± {np.std(draws):.2f}")
    print(f"{name:16}" + "".join(f"{area:>18}" for area in areas))
