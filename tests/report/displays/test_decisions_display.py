"""AutoSMOTE's decisions as a picture."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator

import numpy as np
import pytest

from trimtab import AutoSMOTE, AutoSMOTEClassifier, DecisionsDisplay, InputError

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def test_bars_are_mean_probabilities() -> None:
    """Of the two smaller classes, from the table's rows; samplers are drawn alike."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [60, 12, 20])
    X = rng.normal(size=(92, 3)) + y[:, None]
    model = AutoSMOTEClassifier(max_iter=3, n_replicas=2, random_state=0).fit(X, y)
    display = DecisionsDisplay.from_estimator(model)

    assert [len(ax.patches) for ax in display.axes_] == [4, 12, 12]
    table = model.decisions_.groupby("class")["participation_probability"].mean()
    heights = [patch.get_height() for patch in display.axes_[0].patches]
    np.testing.assert_allclose([heights[1], heights[3]], table)
    for shares in display.shares_.values():
        np.testing.assert_allclose(shares.sum(axis=1), 1)

    sampler = AutoSMOTE(estimator=AutoSMOTEClassifier(max_iter=2))
    sampler.fit_resample(X, y)
    axes = pyplot.subplots(3)[1]
    assert DecisionsDisplay.from_estimator(sampler, axes=axes).figure_ is axes[0].figure
    with pytest.raises(InputError, match="axes holds 2: give one for each of the 3"):
        display.plot(axes=axes[:2])


def test_what_has_decided_nothing_is_refused() -> None:
    """An estimator that is not fitted."""
    with pytest.raises(InputError, match="AutoSMOTEClassifier has decided nothing"):
        DecisionsDisplay.from_estimator(AutoSMOTEClassifier())
