"""
Where rows go
=============

Copies of rare rows that move while a network is trained, in the plane, where they can
be watched: where they go, that they stop, and what happens where they do not.
"""

# %%
# A rare arc
# ----------
# Six hundred common points of one arc, sixty rare ones of another, and as many again
# to test on.

import warnings

import numpy as np

rng = np.random.default_rng(4)


def two_arcs():
    """Return noisy points of two arcs, and whether they are rare."""
    is_rare = np.repeat([0, 1], [600, 60])
    angle = rng.uniform(0, np.pi, len(is_rare))
    X = np.column_stack([np.cos(angle), np.sin(angle)])
    X[is_rare == 1] = [1, 0.5] - X[is_rare == 1]
    return X + rng.normal(scale=0.2, size=X.shape), is_rare


(X, y), (X_test, y_test) = two_arcs(), two_arcs()

# %%
# Training
# --------
# Three fifths of the rows are trained on. A fifth says where the copies of the rare
# ones should go, a fifth which epoch is the best. ``keep_positions`` writes down where
# the rows are after each epoch.

from trimtab import ExplicitGradientClassifier

model = ExplicitGradientClassifier(
    row_learning_rate=100,
    meta_fraction=0.2,
    selection="average-precision",
    keep_positions=True,
    random_state=0,
)
model.fit(X, y)
positions = np.stack([record["moving_rows"] for record in model.history_])
positions.shape

# %%
# A few frames
# ------------
# Blue are common points, golden ones rare, red the copies with their way so far. They
# draw back from the border to where the common points are few, the one that lies in
# the midst of these too, and gather in the inner half of their own arc.

import matplotlib.pyplot as plt

start = X[model.parent_indices_[0]]
track = np.concatenate([start[None], positions])
frames = (0, 20, 80, 200)
figure, axes = plt.subplots(
    1, len(frames), figsize=(12, 3.2), sharex=True, sharey=True, layout="constrained"
)
for axis, epoch in zip(axes, frames, strict=True):
    axis.plot(*X[y == 0].T, ".", ms=2, color="C0", alpha=0.4)
    axis.plot(*X[y == 1].T, ".", ms=4, color="goldenrod")
    axis.plot(*track[: epoch + 1].transpose(2, 0, 1), lw=0.6, color="C3", alpha=0.6)
    axis.plot(*track[epoch].T, "o", ms=3, color="C3")
    axis.set(title=f"after {epoch} epochs", xticks=[], yticks=[])

# %%
# They come to rest: how far they are from their start, on average, epoch by epoch.

shift = [record["row_shift"] for record in model.history_]
figure, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
axis.plot(range(1, len(shift) + 1), shift, color="C3")
axis.set(xlabel="epoch", ylabel="mean way from the start", ylim=(0, None))

# %%
# Whether it helped
# -----------------
# On points that none of this has seen: with copies that move, and with copies that stay
# where they are. One table says little; :doc:`the results </results/eg-table2>` are on
# many.

from sklearn.metrics import average_precision_score

for rate in (0, 100):
    other = ExplicitGradientClassifier(
        row_learning_rate=rate, n_replicas=8, random_state=0
    ).fit(X, y)
    precision = average_precision_score(y_test, other.predict_proba(X_test)[:, 1])
    print(f"row_learning_rate={rate}: {precision:.3f}")

# %%
# Too fast
# --------
# With steps that are too long rows fly off, which a warning says. To hold them at the
# edges by ``keep_in_range=True`` is no cure: make steps shorter.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ExplicitGradientClassifier(row_learning_rate=1e5, max_iter=20, random_state=0).fit(
        X, y
    )
print(*(str(warning.message) for warning in caught), sep="\n")

# %%
# Too few to follow
# -----------------
# Ten rare rows leave two that say where copies should go: they would all go there.

few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:10]]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ExplicitGradientClassifier(max_iter=5, random_state=0).fit(X[few], y[few])
print(*(str(warning.message) for warning in caught), sep="\n")
