"""
Points that move towards a sine wave
====================================

Explicit Gradient Learning adds made points to a training and moves them to where they
help. In one dimension the points can be watched: section 4 of the paper.
"""

# %%
# Ten points of a curve
# ---------------------
# Five points of a sine wave are trained on, five others say whether that helped. Twenty
# made points start anywhere. All this twenty times, each time other points: the twenty
# are trained as one.

import numpy as np

N_DRAWS = 20
rng = np.random.default_rng(0)
x = rng.uniform(-5, 5, (N_DRAWS, 10, 1))
y = np.sin(np.pi / 2 * x[..., 0])
train, meta = (x[:, :5], y[:, :5]), (x[:, 5:], y[:, 5:])
points = rng.uniform(-5, 5, (N_DRAWS, 20, 1)), rng.uniform(-1, 1, (N_DRAWS, 20))

# %%
# Training
# --------
# A network of ten tanh units is trained on the first five points alone. Then each step
# is on these and the made points, and the gradient of the error on the other five goes
# *through* that step to the made points, which follow it: in their place and in their
# target. With ``point_learning_rate=0`` they stay. The usual way, for comparison, is to
# train on all ten points without any made ones, for as many steps.

from trimtab.explicit_gradient import fit_moving_points

seeds = list(range(N_DRAWS))
moved = fit_moving_points(train, meta, points, seeds=seeds)
stayed = fit_moving_points(train, meta, points, seeds=seeds, point_learning_rate=0)
usual = fit_moving_points(
    (x, y), meta, (x, y), seeds=seeds, n_first_epochs=1999, n_epochs=1
)

# %%
# Where the points went
# ---------------------
# The first draw. Each point leaves a trace.

import matplotlib.pyplot as plt

grid = np.linspace(-5, 5, 300)
wave = np.sin(np.pi / 2 * grid)
figure, axes = plt.subplots(
    1, 3, figsize=(11, 3.6), sharex=True, sharey=True, layout="constrained"
)
titles = ["all ten points", "points that stay", "points that move"]
for axis, fitted, title in zip(axes, (usual, stayed, moved), titles, strict=True):
    axis.plot(grid, wave, color="0.6", label="the wave")
    axis.plot(grid, fitted.predict(grid[:, None])[0], "--", label="the network")
    axis.plot(x[0, :5, 0], y[0, :5], "^", color="C2", label="trained on")
    axis.plot(x[0, 5:, 0], y[0, 5:], "v", color="C4", label="guide the others")
    if fitted is not usual:
        axis.plot(fitted.inputs[:, 0, :, 0], fitted.targets[:, 0], color="C3", lw=0.5)
        places = fitted.inputs[-1, 0, :, 0], fitted.targets[-1, 0]
        axis.plot(*places, ".", color="C3", label="made")
    axis.set(title=title, ylim=(-2, 2), xlabel="x")
_ = axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)

# %%
# What it bought
# --------------
# The mean squared error to the wave over the whole interval, most of which no point is
# near: quartiles of the twenty draws.

import pandas as pd

errors = {
    title: ((fitted.predict(grid[:, None]) - wave) ** 2).mean(axis=1)
    for title, fitted in zip(titles, (usual, stayed, moved), strict=True)
}
pd.DataFrame(errors).describe().loc[["25%", "50%", "75%"]].round(2)

# %%
# The made points do what they are told: the error on the five points that guide them is
# far below that of points that stay. But where none of these lies they are free, and
# the network with them. Training on all ten points, without any made one, is better on
# most of these draws: the paper's picture is one draw, and here it does not hold.

at_the_guides = {
    title: np.median(fitted.meta_losses[-1])
    for title, fitted in zip(titles[1:], (stayed, moved), strict=True)
}
pd.Series(at_the_guides).round(2)
