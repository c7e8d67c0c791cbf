"""
What AutoSMOTE decides
======================

SMOTE treats all rare rows alike. AutoSMOTE learns with its classifier of which rows
new ones are made, and how, and what it learned can be read.
"""

# %%
# Two clusters and some strays
# ----------------------------
# A rare class lies left and right of a common one; a few of its rows are strays in the
# common class's middle. A person would fill the clusters and leave the strays alone.

import numpy as np

rng = np.random.default_rng(1)
common = rng.normal(size=(400, 2)) * [0.5, 1.0]
left = rng.normal(size=(20, 2)) * 0.3 + [-3, 0]
right = rng.normal(size=(20, 2)) * 0.3 + [3, 0]
strays = rng.normal(size=(6, 2)) * 0.2
X = np.concatenate([common, left, right, strays])
y = np.repeat(["common", "rare"], [400, 46])

# %%
# Training
# --------
# With the variant "self" each row is decided on by its own place. Six replicas are
# trained side by side, since one run alone may end anywhere.

from trimtab import AutoSMOTEClassifier

model = AutoSMOTEClassifier(variant="self", max_iter=60, n_replicas=6, random_state=0)
model.fit(X, y)

# %%
# Who takes part
# --------------
# ``decisions_`` has a line for each replica and rare row.

decisions = model.decisions_
decisions.head()

# %%
import matplotlib.pyplot as plt

chance = decisions.groupby("row")["participation_probability"].mean()
_, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.scatter(*common.T, s=6, color="lightgrey")
points = ax.scatter(*X[chance.index].T, c=chance, s=30, vmin=0, vmax=1)
_ = plt.colorbar(points, label="probability of taking part")

# %%
# How rows are made
# -----------------
# The mean over the rare rows, decision by decision.

from trimtab import DecisionsDisplay

_ = DecisionsDisplay.from_estimator(model)

# %%
# Sums of six or seven rows lie far outside of all data, where they are easy to tell
# from the common class: they lower the loss that all this is trained on, and teach
# little. Without them, the options stay among the neighbours.
#
# The rows themselves
# -------------------
# ``AutoSMOTE`` hands the rows to any classifier. With the sum and without it, beside
# what SMOTE makes.

from imblearn.over_sampling import SMOTE

from trimtab import AutoSMOTE
from trimtab.synthesis.decisions import Aggregation

near = Aggregation(("linear", "minimum", "maximum", "average", "weighted average"))
settings = {"variant": "self", "max_iter": 60, "n_replicas": 6}
every_option = AutoSMOTEClassifier(**settings)
without_sum = AutoSMOTEClassifier(
    decisions=["participation", "neighbours", near], **settings
)
samplers = {
    "AutoSMOTE": AutoSMOTE(classifier=every_option, random_state=0),
    "AutoSMOTE without the sum": AutoSMOTE(classifier=without_sum, random_state=0),
    "SMOTE": SMOTE(random_state=0),
}
_, axes = plt.subplots(ncols=3, figsize=(9, 3), layout="constrained", sharey=True)
for ax, (title, sampler) in zip(axes, samplers.items(), strict=True):
    made = sampler.fit_resample(X, y)[0][len(X) :]
    ax.scatter(*common.T, s=6, color="lightgrey")
    ax.scatter(*made.T, s=6)
    ax.set(title=title, xlim=(-6, 6), ylim=(-5, 5))

# %%
# Without the sum the clusters are filled and the strays left alone; SMOTE makes rows
# of the strays as well.
