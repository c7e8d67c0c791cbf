"""
ART on a table
==============

Rare is not the same as difficult. ART draws the classes that are recognised badly more
often, whatever their size, and goes on measuring while it trains.
"""

# %%
# Two kinds of rare class
# -----------------------
# Four classes in a ratio of 10 to 10 to 1 to 1. One of each size lies apart from all
# others; the other two overlap.

import numpy as np

NAMES = ["common, apart", "common, mixed", "rare, apart", "rare, mixed"]
CENTRES = np.array([[-4, 0], [2, 0], [-1, 6], [3.2, 1.2]])
SIZES = [1000, 1000, 100, 100]

rng = np.random.default_rng(0)
y = np.repeat(NAMES, SIZES)
X = np.repeat(CENTRES, SIZES, axis=0) + rng.normal(size=(len(y), 2))

# %%
# Training
# --------
# By default ``ARTClassifier`` trains trimtab's own network. It holds 15 % of the rows
# back: their F1, class by class, says what the next epoch is drawn from.

from sklearn.model_selection import train_test_split

from trimtab import ARTClassifier

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
art = ARTClassifier(max_iter=60, n_iter_no_change=None, random_state=0)
art.fit(X_train, y_train)

# %%
# How the draw moved
# ------------------
# Above is how often each class was drawn, with its share of the rows as a dashed line;
# below how well it was recognised on the held-out rows. The dotted line is the epoch
# whose network was kept. The numbers are in ``history_``, a record an epoch.

from trimtab import DrawHistoryDisplay

display = DrawHistoryDisplay.from_estimator(art)

# %%
# The class that is rare but lies apart is soon left to its share of the data. The one
# that is rare and mixed with another is drawn far more often than its share of 1 in 22.
#
# What it buys, and what it costs
# -------------------------------
# The same network with all rows as they are (``prior_blend=1`` never resamples) and
# with ART, on rows that neither has seen.

import pandas as pd
from sklearn.metrics import precision_score, recall_score

plain = ARTClassifier(prior_blend=1, max_iter=60, random_state=0)
plain.fit(X_train, y_train)
table = {}
for title, model in {"as they are": plain, "ART": art}.items():
    predicted = model.predict(X_test)
    options = {"average": None, "labels": NAMES}
    table[title, "recall"] = recall_score(y_test, predicted, **options)
    table[title, "precision"] = precision_score(y_test, predicted, **options)
pd.DataFrame(table, index=NAMES).round(2)

# %%
# Nothing changes for the classes that lie apart. Of the rare class in the mixture ART
# finds far more rows, and pays for it: more of the common class are called rare. Which
# of the two models is better depends on what a missed row and a false alarm cost.
