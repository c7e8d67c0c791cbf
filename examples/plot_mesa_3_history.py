"""
How an ensemble grows
=====================

MESA looks at how an ensemble errs before it decides which rows the next member gets.
Here is what it sees and what it decides, on scanned digits.
"""

# %%
# Eights among other digits
# -------------------------
# About one digit in ten is an eight: the task is the *optical digits* of the MESA
# paper, with a third of its rows.

from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

X, digit = load_digits(return_X_y=True)
y = ["eight" if d == 8 else "other" for d in digit]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# What MESA sees
# --------------
# Each column is the ensemble with so many members: the stronger the colour, the more of
# the class's rows have such an error. The line is μ, the error around which the next
# member's rows are drawn. It is on the large class alone: of the eights, all are drawn.
# The policy that ships looks at training rows only. A quarter is held out here so that
# the errors are those of rows that no member has seen, and the score is there too.

from sklearn.tree import DecisionTreeClassifier

from trimtab import EnsembleHistoryDisplay, MESAClassifier

tree = DecisionTreeClassifier()
mesa = MESAClassifier(tree, validation_fraction=0.25, random_state=0)
_ = EnsembleHistoryDisplay.from_estimator(mesa.fit(X_train, y_train))

# %%
# :ref:`sphx_glr_gallery_plot_mesa_4_meta_training.py` learns a policy of one's own.
#
# Policies that nobody learned
# ----------------------------
# The same picture, for a μ that is drawn anew for each member. Under any policy that
# was not learned, a quarter is held out by default.

from trimtab.ensembles.policies import GaussianPolicy, RandomPolicy, UniformPolicy

by_chance = MESAClassifier(tree, meta_sampler=RandomPolicy(), random_state=0)
_ = EnsembleHistoryDisplay.from_estimator(by_chance.fit(X_train, y_train))

# %%
# What it is worth
# ----------------
# Average precision after each member on rows that no ensemble has seen, the mean over
# five divisions of the digits. A plain bag is given all rows, the held-out ones too.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import average_precision_score

policies = {
    "μ = 1": GaussianPolicy(1.0),
    "μ = 0.5": GaussianPolicy(0.5),
    "a random μ": RandomPolicy(),
    "random draws": UniformPolicy(),
}
names = [*policies, "a bag on all rows"]
areas = {name: [] for name in names}
for seed in range(5):
    parts = train_test_split(X, digit == 8, stratify=digit == 8, random_state=seed)
    X_train, X_test, y_train, y_test = parts
    for name, policy in policies.items():
        model = MESAClassifier(tree, meta_sampler=policy, random_state=seed)
        staged = model.fit(X_train, y_train).staged_predict_proba(X_test)
        areas[name].append([average_precision_score(y_test, p[:, 1]) for p in staged])
    bag = BaggingClassifier(tree, 10, random_state=seed).fit(X_train, y_train)
    sums = np.cumsum([m.predict_proba(X_test)[:, 1] for m in bag.estimators_], axis=0)
    areas[names[-1]].append([average_precision_score(y_test, total) for total in sums])

figure, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
for name in names:
    style = {"color": "black", "linestyle": "--"} if name == names[-1] else {}
    ax.plot(range(1, 11), np.mean(areas[name], axis=0), label=name, **style)
ax.set(xlabel="members", ylabel="average precision")
_ = ax.legend()

# %%
# A member of the balanced ensembles is fitted on 196 rows, one of the bag on 1,347. Ask
# of every learned policy whether it beats the best of these constants, and the bag.
