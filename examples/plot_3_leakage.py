"""
Over-sampling before the split finds patterns in noise
======================================================

The commonest mistake with imbalanced data, in numbers: the same classifier, the same
rows, and labels that have nothing to do with them.
"""

# %%
# A table of noise
# ----------------
# Twenty columns of random numbers, and labels drawn at random: 5 % are positive.
# Nothing can be learned. An honest average precision is about the share of positive
# rows, 0.05.

import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(1200, 20))
y = (rng.random(1200) < 0.05).astype(int)

# %%
# Wrong: over-sample, then split
# ------------------------------
# Copies of one rare row land in the training part and in the test part. The forest
# knows the test rows by heart. SMOTE's invented rows lie between two real ones and
# leak in the same way, a little less plainly.

from imblearn.over_sampling import SMOTE, RandomOverSampler
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_score

folds = StratifiedKFold(5, shuffle=True, random_state=0)
forest = RandomForestClassifier(50, random_state=0)
samplers = {
    "random over-sampling": RandomOverSampler(random_state=0),
    "SMOTE": SMOTE(random_state=0),
}

wrong = {}
for name, sampler in samplers.items():
    X_more, y_more = sampler.fit_resample(X, y)
    wrong[name] = cross_val_score(
        forest, X_more, y_more, cv=folds, scoring="average_precision"
    ).mean()
    print(f"{name}, before the split: {wrong[name]:.3f}")

# %%
# Right: split, then over-sample the training part
# ------------------------------------------------
# A pipeline does that by itself: its sampler works when it is fitted, and never when
# it predicts.

from imblearn.pipeline import make_pipeline

right = {}
for name, sampler in samplers.items():
    right[name] = cross_val_score(
        make_pipeline(sampler, forest), X, y, cv=folds, scoring="average_precision"
    ).mean()
    print(f"{name}, inside the training part: {right[name]:.3f}")

# %%
# Side by side
# ------------
# The first pair of bars also has a test part that is half positive, which alone lifts
# guessing from 0.05 to 0.5. Both are reasons never to resample a test part.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
position = np.arange(len(samplers))
axes.bar(position - 0.2, list(wrong.values()), 0.4, label="before the split (wrong)")
axes.bar(position + 0.2, list(right.values()), 0.4, label="inside the training part")
axes.axhline(y.mean(), color="grey", linewidth=1, linestyle="--", label="guessing")
axes.set_xticks(position, list(samplers))
axes.set_ylabel("Average precision")
axes.set_title("Labels are random: nothing can be learned")
axes.set_ylim(0, 1.35)
axes.legend(loc="upper center", ncols=3)
plt.show()

# %%
# `trimtab.comparison.compare` fits everything, resampling included, inside the training
# part. So does any classifier that you hand it as a pipeline.
