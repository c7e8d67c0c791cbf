"""A skorch net under ART: the draw follows the validation split of a real training."""

# SPDX-License-Identifier: BSD-3-Clause

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score, f1_score

from trimtab import ARTClassifier, InputError

skorch = pytest.importorskip("skorch", reason="needs: pip install trimtab[skorch]")

from skorch.helper import predefined_split  # noqa: E402

from trimtab.integrations.skorch import AdaptiveSampling  # noqa: E402


class Watch(skorch.callbacks.Callback):
    """Notes the classes of every training batch; may break a training off."""

    def __init__(self, breaks_off: bool = False) -> None:
        self.breaks_off = breaks_off
        self.seen_: list[torch.Tensor] = []

    def on_batch_end(self, net: Any, batch: Any, training: bool, **_: Any) -> None:
        """Note them."""
        if training:
            self.seen_.append(batch[1])

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Fail as a callback of the user's might."""
        if self.breaks_off:
            raise RuntimeError("broken off")

    def shares(self) -> Any:
        """Return each class's share of what was trained on."""
        seen = torch.cat(self.seen_)
        return np.bincount(seen, minlength=3) / len(seen)


def net_of(rows: Any, callback: Any, **options: Any) -> Any:
    """Give a small net whose held-out rows are known to the test."""
    torch.manual_seed(0)
    return skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=8,
        module__out_features=3,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.02,
        batch_size=32,
        callbacks=[callback],
        verbose=0,
        **{
            "max_epochs": 6,
            "train_split": predefined_split(
                skorch.dataset.Dataset(rows.X_held, rows.codes_held)
            ),
            **options,
        },
    )


def test_draw_follows_the_validation_split(rows: Any) -> None:
    """What is drawn after the last epoch is c Π + (1 - c) w of what was measured."""
    net = net_of(rows, AdaptiveSampling(prior_blend=0.3)).fit(rows.X, rows.codes)
    (callback,) = net.callbacks
    assert callback is dict(net.callbacks_)["AdaptiveSampling"]
    measured = f1_score(rows.codes_held, net.predict(rows.X_held), average=None)
    last = callback.history_[-1]
    prior = np.bincount(rows.codes) / len(rows.codes)

    np.testing.assert_allclose(last["class_scores"], measured)
    np.testing.assert_allclose(
        last["class_probabilities"],
        0.3 * prior + 0.7 * (1 - measured) / (1 - measured).sum(),
    )
    assert len(callback.history_) == 6
    assert net.history[-1, "class_scores"] == pytest.approx(measured)


def test_training_rows_are_those_that_were_drawn(rows: Any) -> None:
    """The first epoch has half the prior's and half a balanced share of each class."""
    net = net_of(rows, AdaptiveSampling(), max_epochs=1, iterator_train__shuffle=True)
    watch = Watch()
    net.set_params(callbacks=[*net.callbacks, watch])
    net.fit(rows.X, rows.codes)
    prior = np.bincount(rows.codes) / len(rows.codes)

    np.testing.assert_allclose(watch.shares(), 0.5 * prior + 0.5 / 3, atol=0.05)


def test_net_is_as_it_was_after_training(rows: Any) -> None:
    """The training iterator is the net's own again; clones and pickles work."""
    net = net_of(rows, AdaptiveSampling()).fit(rows.X, rows.codes)

    assert net.iterator_train is torch.utils.data.DataLoader
    loaded = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(loaded.predict(rows.X), net.predict(rows.X))
    again = clone(net).fit(rows.X, rows.codes)
    assert len(again.callbacks[0].history_) == 6


def broken_off(rows: Any, callback: Any, when: str) -> Any:
    """Give a net whose training with the callback raised, early or in its epochs."""
    net = net_of(rows, callback, max_epochs=1)
    if when == "before the rows are split":
        with pytest.raises(ValueError, match="consistent lengths"):
            net.fit(rows.X, rows.codes[:5])
    else:
        net.set_params(callbacks=[callback, Watch(breaks_off=True)])
        with pytest.raises(RuntimeError, match="broken off"):
            net.fit(rows.X, rows.codes)
    return net


@pytest.mark.parametrize("when", ["before the rows are split", "after an epoch"])
def test_net_without_the_callback_trains_plainly_after_a_failure(
    rows: Any, when: str
) -> None:
    """After a training that raised, a net that dropped the callback sees all rows."""
    net, watch = broken_off(rows, AdaptiveSampling(), when), Watch()
    net.set_params(callbacks=[watch])
    net.fit(rows.X, rows.codes)
    prior = np.bincount(rows.codes) / len(rows.codes)

    np.testing.assert_allclose(watch.shares(), prior)
    assert net.iterator_train is torch.utils.data.DataLoader


@pytest.mark.parametrize("when", ["before the rows are split", "after an epoch"])
def test_callback_works_as_ever_after_failures(rows: Any, when: str) -> None:
    """Trained again, a net draws as one that never failed; so do copies of it."""
    fresh = net_of(rows, AdaptiveSampling(), max_epochs=1).fit(rows.X, rows.codes)
    net = broken_off(rows, AdaptiveSampling(), when)
    loaded = pickle.loads(pickle.dumps(net))
    for again in (net, clone(net), loaded):
        again.set_params(callbacks=again.callbacks[:1])
        torch.manual_seed(0)
        again.fit(rows.X, rows.codes)
        assert again.iterator_train is torch.utils.data.DataLoader
        for key, value in fresh.callbacks[0].history_[0].items():
            np.testing.assert_array_equal(again.callbacks[0].history_[0][key], value)


def test_class_without_a_held_out_row_is_not_the_hardest(rows: Any) -> None:
    """A class that the split misses is drawn as the mean of the others; one warning."""
    kept = rows.codes_held != 2
    split = predefined_split(
        skorch.dataset.Dataset(rows.X_held[kept], rows.codes_held[kept])
    )
    callback = AdaptiveSampling(prior_blend=0.0)
    with pytest.warns(UserWarning, match="class 2 had no row") as caught:
        net_of(rows, callback, train_split=split).fit(rows.X, rows.codes)
    drawn = callback.history_[-1]["class_probabilities"]

    assert len(caught) == 1
    assert drawn[2] == pytest.approx(1 / 3)


@pytest.mark.parametrize("missing", [1, 2])
def test_class_without_a_training_row_is_announced(rows: Any, missing: int) -> None:
    """A class that only the network knows asks for n_classes, which then helps."""
    kept = rows.codes != missing
    X, codes = rows.X[kept], rows.codes[kept]
    with pytest.raises(InputError, match=r"n_classes.* to AdaptiveSampling"):
        net_of(rows, AdaptiveSampling()).fit(X, codes)
    net = net_of(rows, AdaptiveSampling(n_classes=3)).fit(X, codes)

    assert net.callbacks[0].sampler_.probabilities[missing] == 0


def test_binary_net_with_one_output(rows: Any) -> None:
    """A single logit above 0 means class 1."""
    callback = AdaptiveSampling()
    torch.manual_seed(0)
    net = skorch.NeuralNetBinaryClassifier(
        torch.nn.Linear,
        module__in_features=8,
        module__out_features=1,
        train_split=predefined_split(
            skorch.dataset.Dataset(rows.X_held, (rows.codes_held > 0).astype("float32"))
        ),
        max_epochs=4,
        lr=0.1,
        verbose=0,
        callbacks=[callback],
    )
    net.fit(rows.X, (rows.codes > 0).astype("float32"))
    measured = f1_score(rows.codes_held > 0, net.predict(rows.X_held), average=None)

    np.testing.assert_allclose(callback.history_[-1]["class_scores"], measured)


def test_net_is_a_learner_for_art(rows: Any) -> None:
    """A net has partial_fit, so ARTClassifier can train it, without the callback."""
    torch.manual_seed(0)
    net = skorch.NeuralNetClassifier(
        torch.nn.Linear,
        module__in_features=8,
        module__out_features=3,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.02,
        max_epochs=1,
        batch_size=32,
        train_split=None,
        verbose=0,
    )
    model = ARTClassifier(net, max_iter=15, random_state=0).fit(rows.X, rows.codes)

    assert balanced_accuracy_score(rows.codes_held, model.predict(rows.X_held)) > 0.6


def test_net_without_held_out_rows_is_refused(rows: Any) -> None:
    """Without a validation split there is nothing to follow."""
    net = net_of(rows, AdaptiveSampling(), train_split=None)

    with pytest.raises(InputError, match=r"train_split is None.*ValidSplit"):
        net.fit(rows.X, rows.codes)


def test_unknown_metric_is_refused(rows: Any) -> None:
    """A misspelt metric is named."""
    with pytest.raises(InputError, match="metric is 'f2'"):
        net_of(rows, AdaptiveSampling(metric="f2")).fit(rows.X, rows.codes)
