"""
Learning what to draw
=====================

A meta-sampler learns by playing: it lets many small ensembles grow, and is rewarded
where their score on held-out rows rises. Here it learns on one task of digits and is
used on another. This takes the extra ``meta``.
"""

# %%
# Learn on eights
# ---------------
# 400 steps of ensembles of ten trees; the paper takes 1,500. In the first 100 the
# actions are random. It learns on one half of the digits; the other half is for later.

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from trimtab import MetaSampler, MetaTrainingDisplay

X, digit = load_digits(return_X_y=True)
X_learn, X, digit_learn, digit = train_test_split(
    X, digit, test_size=0.5, stratify=digit, random_state=0
)
tree = DecisionTreeClassifier()
sampler = MetaSampler(tree, random_steps=100, update_steps=300, random_state=0)
_ = sampler.fit({"eights": (X_learn, digit_learn == 8)})

# %%
# The training curve
# ------------------
# Above is the score of each episode's ensemble on its held-out rows, faintly, and the
# mean over the last ten episodes; below the mean μ of an episode. Up to the dotted line
# actions are random. The figures 6 and 9 of the paper are such curves.

_ = MetaTrainingDisplay.from_estimator(sampler, window=10)

# %%
# Use it on threes
# ----------------
# What the policy sees says nothing about columns or digits, so it can be used on any
# table. Its decisions, as the ensemble grows:

import numpy as np

from trimtab import EnsembleHistoryDisplay, MESAClassifier

y = np.where(digit == 3, "three", "other")
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
mesa = MESAClassifier(tree, meta_sampler=sampler, random_state=0).fit(X_train, y_train)
_ = EnsembleHistoryDisplay.from_estimator(mesa)

# %%
# Did it pay?
# -----------
# Beside policies that nobody learned, over ten divisions of the rows, none of which it
# has met as eights or others.

from sklearn.metrics import average_precision_score

from trimtab.ensembles.policies import GaussianPolicy, RandomPolicy, UniformPolicy

policies = {
    "learned on eights": sampler,
    "μ = 1": GaussianPolicy(1.0),
    "μ = 0.5": GaussianPolicy(0.5),
    "a random μ": RandomPolicy(),
    "random draws": UniformPolicy(),
}
for name, policy in policies.items():
    areas = []
    for seed in range(10):
        parts = train_test_split(X, y, stratify=y, random_state=seed)
        X_train, X_test, y_train, y_test = parts
        model = MESAClassifier(tree, meta_sampler=policy, random_state=seed)
        scores = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
        areas.append(average_precision_score(y_test == "three", scores))
    print(f"{name:18} {np.mean(areas):.3f} ± {np.std(areas):.3f}")

# %%
# A learned policy is worth its training where it beats the best constant one. Compare
# on your own rows, and on splits that it did not learn from.
