"""
A first comparison in Python
============================

Does rebalancing help to find the digit 8 among handwritten digits? One row in ten is an
8.
"""

# %%
# The table
# ---------
# scikit-learn brings 1797 digits of 8 by 8 pixels. The label is whether one is an 8.

from sklearn.datasets import load_digits

X, digit = load_digits(return_X_y=True)
is_eight = digit == 8
print(f"{len(X)} rows, of which {is_eight.sum()} are of the rare class")

# %%
# The comparison
# --------------
# Plain LightGBM is always among the methods: it is what the others are measured
# against. ``trimtab.compare(X, is_eight)`` alone would take the quick portfolio; here
# a few methods and three folds keep it short.

import trimtab

comparison = trimtab.compare(
    X,
    is_eight,
    methods=[
        "lightgbm-class-weight",
        "random-forest",
        "logistic-regression",
        "random-over-sampling",
        "smote",
    ],
    folds=3,
    seed=0,
)
board = comparison.leaderboard
board[["method", "average_precision_mean", "average_precision_sd", "fit_seconds_mean"]]

# %%
# How sure is the ranking?
# ------------------------
# ``difference`` is to plain LightGBM, fold by fold. The interval allows for folds
# that share rows; where it covers zero, the folds cannot tell the two apart.

import matplotlib.pyplot as plt

others = board.dropna(subset=["difference_low"]).iloc[::-1]
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
axes.errorbar(
    others["difference"],
    others["method"],
    xerr=[
        others["difference"] - others["difference_low"],
        others["difference_high"] - others["difference"],
    ],
    fmt="o",
    capsize=3,
)
axes.axvline(0, color="grey", linewidth=1)
axes.set_xlabel("Average precision, difference to plain LightGBM (95 % interval)")
axes.set_title("Is any method better than doing nothing?")
plt.show()

# %%
# The winner
# ----------
# It is fitted on all rows when you first ask for it, and is an ordinary scikit-learn
# classifier. ``comparison.save_report("report.html")`` writes the page.

model = comparison.best_estimator_
for row in (6, 7, 8):
    print(f"a {digit[row]}: {model.predict_proba(X[[row]])[0, 1]:.3f} that it is an 8")
