"""Rows that are made as networks decide, and what reaches those networks."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
import torch
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from scipy.stats import entropy, ks_2samp

from trimtab.exceptions import InputError
from trimtab.synthesis import learned_rows
from trimtab.synthesis.decisions import Aggregation, NeighbourCount, Participation
from trimtab.synthesis.learned_rows import AutoSMOTERows
from trimtab.synthesis.made_batches import DrawnEpoch, MadeBatch, repeated_rows
from trimtab.training.device_rows import DeviceRows
from trimtab.training.networks import StackedMLP
from trimtab.training.trainer import Trainer


def table(n: int = 60) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make rows of two classes that overlap, every third one rare."""
    rng = np.random.default_rng(0)
    codes = (np.arange(n) % 3 == 0).astype(np.int64)
    return (rng.normal(size=(n, 2)) + 1.5 * codes[:, None]).astype(np.float32), codes


def epoch(source: DeviceRows, rows: torch.Tensor, seeds: Any, **given: Any) -> Any:
    """Return an epoch of rows, one replica for each seed."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    again = given.get("repeated", repeated_rows(rows))
    return DrawnEpoch(
        source, rows, again, torch.arange(len(rows)), generators, given.get("size", 16)
    )


def started(**options: Any) -> tuple[AutoSMOTERows, DeviceRows]:
    """Return a synthesis that knows the table."""
    X, codes = table()
    source = DeviceRows(torch.from_numpy(X), codes, torch.device("cpu"))
    synthesis = AutoSMOTERows(**options)
    synthesis.start(source)
    return synthesis, source


def over(n: int, n_replicas: int = 1) -> torch.Tensor:
    """Return the rows and then n repeats of rare ones."""
    rare = torch.arange(0, 60, 3)
    chosen = rare[torch.arange(n) % len(rare)]
    return torch.cat([torch.arange(60), chosen]).expand(n_replicas, -1).contiguous()


def batches(synthesis: AutoSMOTERows, drawn: DrawnEpoch) -> MadeBatch:
    """Return all batches of an epoch as one."""
    found = list(synthesis.batches(drawn))
    inputs = torch.cat([batch.inputs.detach() for batch in found], dim=1)
    codes = torch.cat([batch.codes for batch in found], dim=1)
    weights = [one.weights.detach() for one in found if one.weights is not None]
    return MadeBatch(inputs, codes, torch.cat(weights, dim=1) if weights else None)


def test_the_temperature_falls_by_one_factor() -> None:
    """From 4 to 1 in three epochs, by way of 2; then it stays."""
    rows = AutoSMOTERows(temperature=4, final_temperature=1, n_epochs=3)
    found = [rows.temperature_of(number) for number in range(4)]
    assert found == pytest.approx([4, 2, 1, 1])


@pytest.mark.parametrize("learn_from", ["held-out", "training"])
@pytest.mark.parametrize("variant", ["cohort", "self"])
def test_the_loss_reaches_every_network(variant: str, learn_from: str) -> None:
    """Every weight of every replica has moved after an epoch of training."""
    X, codes = table(150)
    before: dict[str, torch.Tensor] = {}

    class Watched(AutoSMOTERows):
        def _begin(self, epoch: DrawnEpoch) -> None:
            super()._begin(epoch)
            state = self.networks.state_dict()
            before.update({name: value.clone() for name, value in state.items()})

    trainer = Trainer(
        StackedMLP(2, 2, seeds=[0, 1]),
        draw="over",
        synthesis=Watched(variant, learn_from=learn_from),
        max_epochs=3,
        device="cpu",
    )
    trainer.fit(X[:100], codes[:100], X[100:], codes[100:], seeds=[0, 1])
    assert isinstance(trainer.synthesis, AutoSMOTERows)
    state = trainer.synthesis.networks.state_dict()
    assert len(state) == (8 if variant == "cohort" else 4)
    for name, value in state.items():
        moved = (value - before[name]).flatten(1).abs().amax(dim=1)
        assert (moved > 0).all(), name


def test_held_out_rows_say_what_hard_rows_are_good_for() -> None:
    """Rare rows amid the common ones are hard, and held-out ones like them are rare.

    What lowers the training loss leaves them out; what lowers the loss of the held-out
    rows takes them in.
    """
    rng = np.random.default_rng(0)
    common, easy = rng.normal(size=(400, 2)), rng.normal(size=(40, 2)) * 0.3 + [4, 0]
    hard = rng.normal(size=(40, 2)) * 0.2
    X = np.concatenate([common, easy, hard]).astype(np.float32)
    codes = np.repeat([0, 1], [400, 80])
    held = np.arange(480) % 4 == 0
    near = Aggregation(("linear", "average"))
    chance = {}
    for learn_from in ("held-out", "training"):
        trainer = Trainer(
            StackedMLP(2, 2, seeds=range(4)),
            draw="over",
            synthesis=AutoSMOTERows(
                "self",
                decisions=["participation", near],
                learn_from=learn_from,
                share_weights=False,
                n_epochs=15,
            ),
            learning_rate_init=0.05,
            max_epochs=15,
            selection="last",
            device="cpu",
        )
        trainer.fit(X[~held], codes[~held], X[held], codes[held], seeds=range(4))
        assert isinstance(trainer.synthesis, AutoSMOTERows)
        _, chances = trainer.synthesis.probabilities(X[-40:])
        chance[learn_from] = chances["participation"][..., 1].mean()
    assert chance["training"] < 0.4
    assert chance["held-out"] > 0.6


def cohorts_used(**options: Any) -> NDArray[np.float64]:
    """Return how much each cohort is used after three epochs of training."""
    X, codes = table(100)
    trainer = Trainer(
        StackedMLP(2, 2, seeds=[0]),
        draw="over",
        synthesis=AutoSMOTERows(learning_rate=0.1, **options),
        max_epochs=3,
        selection="last",
        device="cpu",
    )
    trainer.fit(X, codes, seeds=[0])
    assert isinstance(trainer.synthesis, AutoSMOTERows)
    cohorts, _ = trainer.synthesis.probabilities(X)
    share: NDArray[np.float64] = cohorts[0].mean(axis=0)
    return share


def test_the_use_of_many_cohorts_costs_where_their_number_is_learned() -> None:
    """At a high cost their use is less even; a given number of them costs nothing."""
    free, dear = (cohorts_used(n_cohorts="auto", cohort_cost=cost) for cost in (0, 100))
    given = cohorts_used(n_cohorts=7, cohort_cost=100)

    assert entropy(dear) < entropy(free) - 0.1
    np.testing.assert_array_equal(given, free)


def test_without_held_out_rows_an_error_says_what_to_do() -> None:
    """Decisions that learn from them cannot do without."""
    X, codes = table(60)
    rows = AutoSMOTERows(learn_from="held-out")
    trainer = Trainer(StackedMLP(2, 2, seeds=[0]), synthesis=rows, device="cpu")
    with pytest.raises(InputError, match="there are no held-out rows: give some, or"):
        trainer.fit(X, codes, seeds=[0])


def test_first_rows_stay_and_repeats_weigh_0_or_1() -> None:
    """Rows that are not repeated are themselves and weigh 1."""
    synthesis, source = started(share_weights=False)
    drawn = epoch(source, over(200, 2), seeds=[0, 1])
    made = batches(synthesis, drawn)

    X, codes = table()
    np.testing.assert_array_equal(made.inputs[:, :60].numpy(), [X, X])
    assert made.weights is not None
    assert (made.weights[:, :60] == 1).all()
    assert set(made.weights[:, 60:].unique().tolist()) == {0.0, 1.0}
    np.testing.assert_array_equal(made.codes, codes[drawn.rows])


def test_classes_weigh_the_same_whoever_takes_part() -> None:
    """Rows that take part share what those of their class leave, first rows too."""
    synthesis, source = started(variant="self")
    own, _ = started(variant="self", share_weights=False)
    drawn = [epoch(source, over(200), seeds=[0], size=300) for _ in range(2)]
    shared, counted = batches(synthesis, drawn[0]), batches(own, drawn[1])
    assert shared.weights is not None
    assert counted.weights is not None
    rare = shared.codes == 1
    assert 20 < counted.weights[rare].sum() < 220
    assert shared.weights[rare].sum().item() == pytest.approx(220, rel=1e-5)
    assert (shared.weights[~rare] == 1).all()
    factor = 220 / counted.weights[rare].sum()
    torch.testing.assert_close(
        shared.weights[rare], factor * counted.weights[rare], rtol=1e-5, atol=0
    )


def test_cohorts_share_their_decisions() -> None:
    """With one cohort all rows of a batch take part, or none does."""
    synthesis, source = started(n_cohorts=1, share_weights=False)
    drawn = epoch(source, over(260), seeds=[0])
    shares = []
    for batch in synthesis.batches(drawn):
        assert batch.weights is not None
        shares.append(batch.weights.detach()[0].unique().numel())
    assert set(shares) == {1}


def test_forced_to_be_smote_it_is() -> None:
    """Linear interpolation among five, in the loop: 6,000 rows beside SMOTE's."""
    smote = [Participation((True,)), NeighbourCount((5,)), Aggregation(("linear",))]
    synthesis, source = started(decisions=smote)
    made = batches(synthesis, epoch(source, over(6000), seeds=[3]))
    ours = made.inputs[0, 60:].numpy()

    X, codes = table()
    peer = SMOTE(sampling_strategy={1: 6020}, random_state=0)
    theirs = peer.fit_resample(X, codes)[0][60:]
    views = np.array([[1, 0], [0, 1], [1, 1], [1, -1]]).T
    for mine, other in zip((ours @ views).T, (theirs @ views).T, strict=True):
        assert ks_2samp(mine, other).pvalue > 0.01


@pytest.mark.parametrize("variant", ["cohort", "self"])
@pytest.mark.parametrize("kept", [0, 2**20])
def test_a_replica_is_as_if_alone(
    variant: str, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second of two replicas, also where an epoch is worked on in parts."""
    monkeypatch.setattr(learned_rows, "BYTES_AT_ONCE", 20_000)
    monkeypatch.setattr(learned_rows, "BYTES_KEPT", kept)
    both, source = started(variant=variant)
    alone, _ = started(variant=variant)
    together = batches(both, epoch(source, over(150, 2), seeds=[8, 9]))
    single = batches(alone, epoch(source, over(150), seeds=[9]))

    torch.testing.assert_close(together.inputs[1], single.inputs[0])
    assert together.weights is not None
    assert single.weights is not None
    torch.testing.assert_close(together.weights[1], single.weights[0])


@pytest.mark.parametrize("variant", ["cohort", "self"])
def test_what_is_kept_changes_nothing(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes made anew are those that are kept from the start."""
    found = []
    for kept in (0, 2**20):
        monkeypatch.setattr(learned_rows, "BYTES_KEPT", kept)
        synthesis, source = started(variant=variant)
        found.append(batches(synthesis, epoch(source, over(150, 2), seeds=[8, 9])))
    torch.testing.assert_close(*found)


def test_rows_that_are_alone_stay() -> None:
    """A class of one row is repeated as it is, one of three has two neighbours."""
    X, _ = table(40)
    codes = np.repeat([0, 1, 2], [36, 3, 1])
    source = DeviceRows(torch.from_numpy(X), codes, torch.device("cpu"))
    synthesis = AutoSMOTERows(decisions=["aggregation"])
    synthesis.start(source)
    rows = torch.tensor([[39, 39, 39, 37, 37]])
    made = batches(synthesis, epoch(source, rows, seeds=[0]))
    np.testing.assert_array_equal(made.inputs[0, :3], X[[39] * 3])
    assert torch.isfinite(made.inputs).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "group"}, "variant is 'group': give 'cohort' or 'self'"),
        ({"learn_from": "test"}, "learn_from is 'test': give 'held-out' or"),
        ({"n_cohorts": 0}, "n_cohorts is 0: give a whole number"),
        ({"temperature": 0.0}, "temperature is 0.0: give a number above 0"),
        ({"learning_rate": -1}, "learning_rate is -1: give a number from 0"),
        ({"cohort_cost": -1}, "cohort_cost is -1: give a number from 0"),
    ],
)
def test_numbers_out_of_range_are_named(options: Any, message: str) -> None:
    """One line says what to give."""
    with pytest.raises(InputError, match=message):
        started(**options)
