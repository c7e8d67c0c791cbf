"""The training loop: replicas as if alone, draws that adapt, best weights kept."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.training.conftest import Rows
from trimtab.exceptions import InputError
from trimtab.losses import LDAM, OHEM, Focal
from trimtab.sampling.draw import AdaptiveDraw
from trimtab.training import training_run
from trimtab.training.networks import StackedMLP
from trimtab.training.replicas import replicate
from trimtab.training.trainer import Trainer

SEEDS = [11, 12, 13]
SHORT: dict[str, Any] = {
    "max_epochs": 6,
    "learning_rate_init": 0.02,
    "batch_size": 32,
    "device": "cpu",
}


def mlp(seeds: list[int], **options: Any) -> StackedMLP:
    return StackedMLP(6, 3, seeds=seeds, widths=(8,), **options)


def trained(rows: Any, seeds: list[int], **options: Any) -> Trainer:
    """Train a small network with dropout and return the trainer."""
    trainer = Trainer(mlp(seeds, dropout=0.2), **{**SHORT, **options})
    trainer.fit(*rows, seeds=seeds)
    return trainer


def of_replica(trainer: Trainer, replica: int, name: str) -> np.ndarray:
    """Return one column of one replica's history."""
    return np.array([r[name] for r in trainer.history_ if r["replica"] == replica])


def cross_entropy(trainer: Trainer, rows: Rows) -> Tensor:
    """Return each replica's cross-entropy on the held-out rows, by PyTorch."""
    X, codes = torch.from_numpy(rows.X_held), torch.from_numpy(rows.codes_held)
    n_replicas = trainer.network.n_replicas
    logits = trainer.network(X.expand(n_replicas, *X.shape)).detach()
    losses = [nn.functional.cross_entropy(one, codes) for one in logits]
    return torch.stack(losses)


@pytest.mark.parametrize("draw", ["prior", "balanced", "under", "adaptive"])
def test_replica_among_many_equals_its_seed_alone(
    rows: Rows, draw: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows exactly, the same losses and weights to rounding."""
    drawn: list[Tensor] = []

    def spy(*arguments: Any, **options: Any) -> Tensor:
        drawn.append(draw_rows(*arguments, **options))
        return drawn[-1]

    draw_rows = training_run.epoch_rows
    monkeypatch.setattr(training_run, "epoch_rows", spy)
    many = trained(rows, SEEDS, draw=draw)
    of_many, drawn = drawn, []

    for replica, seed in enumerate(SEEDS):
        drawn = []
        alone = trained(rows, [seed], draw=draw)
        for together, own in zip(of_many, drawn, strict=True):
            assert torch.equal(together[replica], own[0])
        for name in ("train_loss", "held_out_loss", "class_probabilities"):
            np.testing.assert_allclose(
                of_replica(many, replica, name),
                of_replica(alone, 0, name),
                rtol=1e-4,
                atol=1e-6,
            )
        for weights, one in zip(
            many.network.parameters(), alone.network.parameters(), strict=True
        ):
            torch.testing.assert_close(weights[replica], one[0], rtol=1e-3, atol=1e-5)


def test_two_fits_are_bit_equal(rows: Rows) -> None:
    """Nothing but the seeds decides, not even PyTorch's own random state."""
    first = trained(rows, SEEDS, draw="adaptive")
    torch.rand(5)
    second = trained(rows, SEEDS, draw="adaptive")

    for one, other in zip(
        first.network.parameters(), second.network.parameters(), strict=True
    ):
        assert torch.equal(one, other)
    assert [r["train_loss"] for r in first.history_] == [
        r["train_loss"] for r in second.history_
    ]


def test_replicas_stop_each_at_its_time_and_keep_their_best(rows: Rows) -> None:
    """Stopping changes nothing before it; the weights are those of the best epoch."""
    seeds = [1, 2, 3]
    states: dict[int, dict[str, Tensor]] = {}
    options = {**SHORT, "max_epochs": 30, "draw": "adaptive"}
    watched = Trainer(mlp(seeds), n_iter_no_change=None, **options)

    def remember(records: list[dict[str, Any]]) -> None:
        states[records[0]["epoch"]] = watched.network.export_state(torch.arange(3))

    watched.callback = remember
    watched.fit(*rows, seeds=seeds)

    stopped = Trainer(mlp(seeds), n_iter_no_change=3, **options)
    stopped.fit(*rows, seeds=seeds)

    lengths = [len(of_replica(stopped, replica, "epoch")) for replica in range(3)]
    assert lengths[0] < stopped.best_epochs_[2], "one should go on without another"
    for replica, length in enumerate(lengths):
        losses = of_replica(watched, replica, "held_out_loss")[:length]
        best = int(losses.argmin()) + 1
        assert length == best + 3
        assert stopped.best_epochs_[replica] == best
        for name, weights in stopped.network.named_parameters():
            expected = states[best][name][replica]
            torch.testing.assert_close(weights[replica], expected, rtol=1e-3, atol=1e-5)


def test_lowest_held_out_loss_is_that_of_the_network(rows: Rows) -> None:
    """After the fit each replica has the cross-entropy of its best record."""
    fitted = trained(rows, SEEDS, learning_rate_init=0.3, max_epochs=12)

    lowest = [of_replica(fitted, i, "held_out_loss").min() for i in range(3)]
    np.testing.assert_allclose(cross_entropy(fitted, rows), lowest, rtol=1e-5)


def test_history_says_what_was_drawn(rows: Rows) -> None:
    """Probabilities follow Algorithm 1: half the prior, half the difficulties."""
    fitted = trained(rows, SEEDS, draw=AdaptiveDraw(prior_blend=0.5))
    prior = np.bincount(rows.codes) / len(rows.codes)

    for replica in range(3):
        probabilities = of_replica(fitted, replica, "class_probabilities")
        difficulty = 1 - of_replica(fitted, replica, "class_f1")
        weights = difficulty / difficulty.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(probabilities[0], prior / 2 + 1 / 6)
        np.testing.assert_allclose(probabilities[1:], prior / 2 + weights[:-1] / 2)
        seen = of_replica(fitted, replica, "rows_per_class")
        assert (seen.sum(axis=1) == len(rows.codes)).all()
        assert np.abs(seen - probabilities * len(rows.codes)).max() < 10
        best = fitted.best_epochs_[replica]
        assert fitted.seen_[replica].tolist() == seen[:best].sum(axis=0).tolist()
    assert [r["epoch"] for r in fitted.history_] == np.repeat(range(1, 7), 3).tolist()


def test_learning_rate_falls_along_half_a_cosine(rows: Rows) -> None:
    """Epoch 1 has all of it, the middle half; or it stays."""
    fitted = trained(rows, [1])
    rates = of_replica(fitted, 0, "learning_rate")

    expected = [0.01 * (1 + math.cos(math.pi * i / 6)) for i in range(6)]
    np.testing.assert_allclose(rates, expected)
    constant = trained(rows, [1], schedule="constant")
    assert set(of_replica(constant, 0, "learning_rate")) == {0.02}


def test_a_constant_rate_and_beta_1_are_adam_s(rows: Rows) -> None:
    """Five epochs of one batch are five steps of PyTorch's Adam as papers use it."""
    options = {"beta_1": 0.5, "schedule": "constant", "weight_decay": 0.0}
    whole = {"batch_size": len(rows.X), "max_epochs": 5, "learning_rate_init": 0.01}
    trainer = Trainer(mlp([1]), **options, **whole, device="cpu", selection="last")
    trainer.fit(rows.X, rows.codes, rows.X_held, rows.codes_held, seeds=[1])
    by_hand = mlp([1])
    adam = torch.optim.Adam(by_hand.parameters(), lr=0.01, betas=(0.5, 0.999))
    for _ in range(5):
        adam.zero_grad()
        logits = by_hand(torch.from_numpy(rows.X)[None])[0]
        nn.functional.cross_entropy(logits, torch.from_numpy(rows.codes)).backward()
        adam.step()

    for ours, theirs in zip(
        trainer.network.parameters(), by_hand.parameters(), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_draw_is_told_the_metric_of_choice(rows: Rows) -> None:
    """Recall by name is recall by a function of codes and predictions."""

    def recall(codes: Any, predicted: Any, n_classes: int) -> list[float]:
        return [float((predicted[codes == k] == k).mean()) for k in range(n_classes)]

    by_name = trained(rows, SEEDS, draw="adaptive", metric="recall")
    by_function = trained(rows, SEEDS, draw="adaptive", metric=recall)

    for one, other in zip(by_name.history_, by_function.history_, strict=True):
        np.testing.assert_allclose(one["class_scores"], other["class_scores"])
        assert one["train_loss"] == other["train_loss"]
    assert any((r["class_scores"] != r["class_f1"]).any() for r in by_name.history_), (
        "recall should differ from F1"
    )


def test_draw_is_told_how_many_rows_were_measured(rows: Rows) -> None:
    """With a confidence bound a rare class's low F1 proves less than its face value."""
    slow: dict[str, Any] = {"max_epochs": 2, "learning_rate_init": 0.001}
    bounded, plain = (
        trained(rows, SEEDS, draw=AdaptiveDraw(confidence=confidence), **slow)
        for confidence in (0.95, None)
    )

    for replica in range(3):
        second, as_measured = (
            of_replica(fitted, replica, "class_probabilities")[1]
            for fitted in (bounded, plain)
        )
        assert second.sum() == pytest.approx(1)
        assert second[2] < as_measured[2]


@pytest.mark.parametrize("equal_counts", [True, False])
def test_replicas_may_have_rows_of_their_own(rows: Rows, equal_counts: bool) -> None:
    """Each trains as it would alone on its own rows, also when others stop early."""
    order = np.random.default_rng(1).permutation(len(rows.codes))
    own = (
        np.stack([rows.X, rows.X[order] + 1]),
        np.stack([rows.codes, rows.codes[order]]),
        np.stack([rows.X_held, rows.X_held + 1]),
        np.stack([rows.codes_held, rows.codes_held]),
    )
    if not equal_counts:
        own[1][1, :20] = 1
    options: dict[str, Any] = {
        "draw": "adaptive",
        "loss": LDAM(defer=0.5),
        "learning_rate_init": 0.1,
        "max_epochs": 20,
        "n_iter_no_change": 2,
    }

    many = trained(own, SEEDS[:2], **options)

    for replica in range(2):
        alone = trained([part[replica] for part in own], [SEEDS[replica]], **options)
        np.testing.assert_allclose(
            of_replica(many, replica, "held_out_loss"),
            of_replica(alone, 0, "held_out_loss"),
            rtol=1e-3,
        )
        rows_seen = of_replica(many, replica, "rows_per_class")
        assert (rows_seen == of_replica(alone, 0, "rows_per_class")).all()


@pytest.mark.parametrize("per_replica", [True, False])
def test_streamed_inputs_give_the_same_network(rows: Rows, per_replica: bool) -> None:
    """Whether the inputs fit the device or not makes no difference to any number."""
    parts: Any = rows
    if per_replica:
        parts = [np.stack([part, part]) for part in rows]
    kept = trained(parts, SEEDS[:2], draw="balanced")
    streamed = trained(parts, SEEDS[:2], draw="balanced", device_room=0)

    for one, other in zip(
        kept.network.parameters(), streamed.network.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_without_held_out_rows_the_last_weights_stay(rows: Rows) -> None:
    """Nothing is measured, nobody stops, and the draw stays at its start."""
    fitted = trained(rows[:2], SEEDS, draw="adaptive")

    assert len(fitted.history_) == 18
    assert "held_out_loss" not in fitted.history_[0]
    assert fitted.best_epochs_.tolist() == [6, 6, 6]
    probabilities = of_replica(fitted, 0, "class_probabilities")
    assert (probabilities == probabilities[0]).all()


def test_held_out_rows_may_stand_for_several(rows: Rows) -> None:
    """A row of weight two counts like the same row twice."""
    weight = np.where(rows.codes_held == 0, 2, 1)
    twice = np.repeat(np.arange(len(weight)), weight)
    weighted = Trainer(mlp(SEEDS), **SHORT)
    weighted.fit(*rows, seeds=SEEDS, weight_held=weight)
    repeated = Trainer(mlp(SEEDS), **SHORT)
    repeated.fit(*rows[:2], rows.X_held[twice], rows.codes_held[twice], seeds=SEEDS)

    for one, other in zip(weighted.history_, repeated.history_, strict=True):
        np.testing.assert_allclose(one["held_out_loss"], other["held_out_loss"], 1e-5)
        np.testing.assert_allclose(one["class_f1"], other["class_f1"], 1e-6)


def test_held_out_weights_must_fit(rows: Rows) -> None:
    """One weight for each held-out row, or an error that says how many."""
    with pytest.raises(InputError, match=r"shape \(3,\): give one for each of the 70"):
        Trainer(mlp([0]), **SHORT).fit(*rows, seeds=[0], weight_held=[1, 1, 1])


def test_loss_that_picks_rows_is_measured_over_all(rows: Rows) -> None:
    """OHEM's held-out loss is plain cross-entropy: mining is for training."""
    fitted = trained(rows, SEEDS, loss=OHEM(keep=0.3), max_epochs=1)

    measured = [record["held_out_loss"] for record in fitted.history_]
    np.testing.assert_allclose(cross_entropy(fitted, rows), measured, rtol=1e-5)


def test_loss_and_draw_of_the_caller_stay_as_they_are(rows: Rows) -> None:
    """What is given is copied, so that it can be used again."""
    draw, loss = AdaptiveDraw(), Focal()
    before = dict(vars(draw)), dict(vars(loss))

    trained(rows, SEEDS, draw=draw, loss=loss)

    assert (vars(draw), vars(loss)) == before


def test_callback_sees_records_and_may_end_the_training(rows: Rows) -> None:
    """It is called once an epoch; True ends the training, best weights and all."""
    seen: list[int] = []

    def end_after_two(records: list[dict[str, Any]]) -> bool:
        seen.extend(record["epoch"] for record in records)
        return records[0]["epoch"] == 2

    fitted = trained(rows, SEEDS, callback=end_after_two)

    assert seen == [1, 1, 1, 2, 2, 2]
    assert (fitted.best_epochs_ <= 2).all()


def test_user_modules_are_trained_in_the_loop(rows: Rows) -> None:
    """Stacked or in turn, a user's module ends with the same losses."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        modules = [
            nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Tanh(), nn.Linear(8, 3))
            for _ in SEEDS
        ]
    histories = []
    for stacked in (True, False):
        network = replicate(modules, torch.from_numpy(rows.X[:4]), SEEDS, stacked)
        trainer = Trainer(network, **{**SHORT, "max_epochs": 12}, n_iter_no_change=2)
        histories.append(trainer.fit(*rows, seeds=SEEDS))

    stacked_losses, own_losses = (
        [record["held_out_loss"] for record in history] for history in histories
    )
    np.testing.assert_allclose(stacked_losses, own_losses, rtol=1e-3)


def test_training_that_diverges_is_an_error(rows: Rows) -> None:
    """Losses that are never finite say what to do about it."""
    huge = Rows(rows.X * 1e37, rows.codes, rows.X_held * 1e37, rows.codes_held)

    with pytest.raises(InputError, match="never finite: scale X"):
        trained(huge, SEEDS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate_init": 0}, "learning_rate_init is 0: give a number above 0"),
        ({"learning_rate_init": math.nan}, "learning_rate_init is nan"),
        ({"weight_decay": -1}, "weight_decay is -1: give a number from 0"),
        ({"max_epochs": 0}, "max_epochs is 0: give a whole number, 1 or more"),
        ({"batch_size": 2.5}, "batch_size is 2.5: give a whole number"),
        ({"n_iter_no_change": True}, "n_iter_no_change is True"),
        ({"beta_1": 1.0}, "beta_1 is 1.0: give a number from 0, below 1"),
        ({"schedule": "step"}, "schedule is 'step': give 'cosine' or 'constant'"),
        ({"draw": "artful"}, "there is no draw 'artful'"),
        ({"loss": "focus"}, "there is no loss 'focus'"),
        ({"device": "gpu"}, "device 'gpu' is unknown"),
        ({"metric": "auc"}, "metric is 'auc'"),
        ({"metric": lambda *_: [2, 0, 0]}, "metric returned"),
    ],
)
def test_wrong_settings_are_refused(
    rows: Rows, options: dict[str, Any], message: str
) -> None:
    """One line names the setting, its value and what to give."""
    with pytest.raises(InputError, match=message):
        trained(rows, [0], **options)


def test_seeds_and_replicas_must_agree(rows: Rows) -> None:
    """Two seeds cannot train three replicas."""
    with pytest.raises(InputError, match="2 seeds for 3 replicas"):
        Trainer(mlp(SEEDS), **SHORT).fit(*rows, seeds=[1, 2])


@pytest.mark.parametrize("amp", [False, True])
@pytest.mark.parametrize("device_room", [None, 0])
def test_trains_on_the_device_there_is(
    rows: Rows, amp: bool, device_room: float | None
) -> None:
    """With an accelerator or without: inputs kept or streamed, full or mixed precision.

    The network with dropout learns, and its replicas stop one by one.
    """
    fitted = trained(
        rows,
        SEEDS,
        draw="adaptive",
        device="auto",
        amp=amp,
        device_room=device_room,
        max_epochs=40,
        n_iter_no_change=3,
    )

    best = [of_replica(fitted, i, "held_out_loss").min() for i in range(3)]
    first = [of_replica(fitted, i, "held_out_loss")[0] for i in range(3)]
    assert (np.array(best) < 0.6 * np.array(first)).all()
    assert next(fitted.network.parameters()).device.type == fitted.device.type
