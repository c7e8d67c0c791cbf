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
    seen = []

    class Watch(skorch.callbacks.Callback):
        """Note the classes of every training batch."""

        def on_batch_end(self, net: Any, batch: Any, training: bool, **_: Any) -> None:
            """Note them."""
            if training:
                seen.append(batch[1])

    net = net_of(rows, AdaptiveSampling(), max_epochs=1, iterator_train__shuffle=True)
    net.set_params(callbacks=[*net.callbacks, Watch()])
    net.fit(rows.X, rows.codes)
    share = np.bincount(torch.cat(seen)) / len(rows.codes)
    prior = np.bincount(rows.codes) / len(rows.codes)

    np.testing.assert_allclose(share, 0.5 * prior + 0.5 / 3, atol=0.05)


def test_net_is_as_it_was_after_training(rows: Any) -> None:
    """The training iterator is the net's own again; clones and pickles work."""
    net = net_of(rows, AdaptiveSampling()).fit(rows.X, rows.codes)

    assert net.iterator_train is torch.utils.data.DataLoader
    loaded = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(loaded.predict(rows.X), net.predict(rows.X))
    again = clone(net).fit(rows.X, rows.codes)
    assert len(again.callbacks[0].history_) == 6


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
