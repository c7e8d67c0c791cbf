"""
ART around your own network
===========================

A convolutional network for handwritten digits, some of which are rare.
"""

# %%
# A long tail of digits
# ---------------------
# scikit-learn brings 1797 digits of 8 by 8 pixels. For training the ten classes are
# thinned out, from all rows of the first to a few of the last; the test rows stay as
# they are.

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from trimtab.datasets import make_long_tail

images, digit = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    images / 16, digit, test_size=0.4, stratify=digit, random_state=0
)
X_train, y_train = make_long_tail(X_train, y_train, 0.08, 100, random_state=0)
print(np.bincount(y_train))

# %%
# The network
# -----------
# Any ``torch.nn.Module`` that returns one logit a class. A function that builds it is
# better than a module: each replica then begins with weights of its own. Rows of a
# table come flat, so the first layer gives them their shape.

import torch
from torch import nn

torch.set_num_threads(1)


def small_cnn(n_inputs: int, n_outputs: int) -> nn.Module:
    """Build a network of two convolutions."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(16 * 4 * 4, n_outputs),
    )


# %%
# Training
# --------
# What is not a parameter of ART, the learning rate for instance, is one of the network
# classifier that it wraps. Two replicas are trained side by side and averaged.

from sklearn.metrics import f1_score

from trimtab import ARTClassifier
from trimtab.training.classifier import NetworkClassifier

network = NetworkClassifier(small_cnn, learning_rate_init=0.01, batch_size=32)
scores = {}
for title, prior_blend in {"as they are": 1.0, "ART": 0.5}.items():
    model = ARTClassifier(
        network, prior_blend=prior_blend, max_iter=40, n_replicas=2, random_state=0
    )
    model.fit(X_train, y_train)
    scores[title] = f1_score(y_test, model.predict(X_test), average=None)
    print(f"{title:12} macro F1 {scores[title].mean():.3f}")

# %%
# Class by class
# --------------
# The classes are in the order of their training rows. Both models are good and near
# each other: digits are told apart by their shape, and the rare ones are hardly more
# difficult than the frequent ones. Where there is little difference in difficulty there
# is little for ART to do; compare before you take it.

import matplotlib.pyplot as plt

order = np.argsort(-np.bincount(y_train))
figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for title, values in scores.items():
    axes.plot(values[order], marker="o", label=title)
axes.set_xticks(range(10), [f"{d}\n{np.bincount(y_train)[d]} rows" for d in order])
axes.set(ylabel="F1 on test rows", ylim=(0.6, 1.01))
_ = axes.legend()
