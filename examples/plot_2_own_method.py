"""
Your own estimator, and your own method
=======================================

What you already use can stand in a comparison beside everything that ships with
trimtab.
"""

# %%
# An estimator
# ------------
# Any scikit-learn classifier with ``predict_proba`` will do, a whole pipeline too.
# Give it a name. Resampling belongs *inside* the pipeline (imbalanced-learn's, which
# applies it to training rows alone).

from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from sklearn.datasets import make_classification
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

import trimtab

X, y = make_classification(
    1500, n_features=12, n_informative=6, weights=[0.94], flip_y=0.02, random_state=0
)

comparison = trimtab.compare(
    X,
    y,
    methods={
        "neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier(15)),
        "neighbours-smote": make_pipeline(
            StandardScaler(), SMOTE(random_state=0), KNeighborsClassifier(15)
        ),
    },
    folds=3,
)
columns = ["method", "average_precision_mean", "tuned_macro_f1_mean", "brier_mean"]
comparison.leaderboard[columns]

# %%
# Look at the last column. Invented rows tell the neighbours that the rare class is
# frequent, and their probabilities believe it: SMOTE's Brier score is far worse.
#
# A method
# --------
# A method knows more than an estimator: it is told what the table is like, and it has
# a name that the command line and suites understand. ``build`` is called for every
# fold with what is known of the training part.

from lightgbm import LGBMClassifier

from trimtab.benchmark.methods import TableInfo, method


@method(
    "rows-weighed-by-root",
    family="own",
    description="LightGBM; rare rows count more, by the root of the imbalance.",
)
def rows_weighed_by_root(info: TableInfo, random_state: int) -> LGBMClassifier:
    """Build LightGBM with moderate class weights."""
    largest = max(info.class_counts)
    weights = {
        code: (largest / count) ** 0.5 for code, count in enumerate(info.class_counts)
    }
    return LGBMClassifier(
        class_weight=weights, random_state=random_state, n_jobs=1, verbose=-1
    )


comparison = trimtab.compare(
    X, y, methods=["rows-weighed-by-root", "lightgbm-class-weight"], folds=3
)
comparison.leaderboard[columns]

# %%
# The leaderboard carries every measure, so that a method that gains in one and pays in
# another is seen to do so.

comparison.leaderboard[["method", "macro_f1_mean", "g_mean_mean", "log_loss_mean"]]
