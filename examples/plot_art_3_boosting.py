"""
Gradient boosting under ART
===========================

The paper trains networks. Here the rounds of LightGBM take the place of epochs: each
few trees are grown on rows that were drawn for what the trees before them get wrong.
"""

# %%
# A table with rare classes
# -------------------------
# Four classes, half of the rows in the largest and one in fifty in the smallest.

import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

X, y = make_classification(
    4000,
    n_features=12,
    n_informative=6,
    n_classes=4,
    n_clusters_per_class=2,
    weights=[0.5, 0.35, 0.13],
    flip_y=0.02,
    random_state=1,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(np.bincount(y_train))

# %%
# Four ways
# ---------
# LightGBM as it comes; with class weights; under ART, in 25 rounds of four trees; and
# the same with ``correct_prior``, which takes back from the probabilities what the draw
# has put in.

from lightgbm import LGBMClassifier

from trimtab import ARTClassifier

booster = LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1, random_state=0)
models = {
    "as it comes": booster,
    "class weights": LGBMClassifier(**booster.get_params()).set_params(
        class_weight="balanced"
    ),
    "ART": ARTClassifier(booster, max_iter=25, random_state=0),
    "ART, corrected": ARTClassifier(
        booster, max_iter=25, correct_prior=True, random_state=0
    ),
}

# %%
# What comes of it
# ----------------
# Macro F1 and recall judge the decisions, log loss the probabilities.

from sklearn.metrics import balanced_accuracy_score, f1_score, log_loss

print(f"{'':15} macro F1  macro recall  log loss")
for title, model in models.items():
    probabilities = model.fit(X_train, y_train).predict_proba(X_test)
    predicted = probabilities.argmax(axis=1)
    print(
        f"{title:15} {f1_score(y_test, predicted, average='macro'):8.3f}"
        f"  {balanced_accuracy_score(y_test, predicted):12.3f}"
        f"  {log_loss(y_test, probabilities):8.3f}"
    )

# %%
# The rare classes are found more often under ART than by LightGBM as it comes, and no
# more often than with class weights, which cost one word: put both into a comparison.
# The correction makes the rare classes as improbable as they are; the decisions then
# return to where they were, and it is for those who need frequencies.
#
# The rounds
# ----------
# ART stops adding trees where the loss on held-out rows has not fallen for ten rounds
# and returns to the best; the dotted line is there.

import matplotlib.pyplot as plt

art = models["ART"]
drawn = np.array([record["class_probabilities"] for record in art.history_])
loss = [record["held_out_loss"] for record in art.history_]
rounds = np.arange(1, len(loss) + 1)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for code in art.classes_:
    left.plot(rounds, drawn[:, code], label=f"class {code}")
left.set(title="Share of the draw", xlabel="round")
right.plot(rounds, loss)
right.axvline(art.best_iter_[0], linestyle=":", color="grey")
right.set(title="Loss on held-out rows", xlabel="round")
_ = figure.legend(*left.get_legend_handles_labels(), loc="outside right center")
