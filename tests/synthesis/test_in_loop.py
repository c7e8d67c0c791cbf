"""Made rows in place of repeated ones, while a network is trained."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from imblearn.over_sampling import SMOTE
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from torch import Tensor

from trimtab.art import ARTClassifier
from trimtab.exceptions import InputError
from trimtab.synthesis import neighbours
from trimtab.synthesis.in_loop import MSMOTERows, SMOTERows, get_synthesis
from trimtab.synthesis.made_batches import (
    DrawnEpoch,
    MadeBatch,
    RowSource,
    repeated_rows,
)
from trimtab.synthesis.msmote import MSMOTE
from trimtab.synthesis.neighbours import msmote_partners, smote_partners
from trimtab.training.classifier import NetworkClassifier
from trimtab.training.device_rows import DeviceRows
from trimtab.training.networks import StackedCNN, StackedMLP
from trimtab.training.trainer import Trainer

CPU = torch.device("cpu")


def table(n: int = 60, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Make rows of two classes that overlap, every third one rare."""
    rng = np.random.default_rng(seed)
    codes = (np.arange(n) % 3 == 0).astype(np.int64)
    X = rng.normal(size=(n, 2)) + 1.5 * codes[:, None]
    return X.astype(np.float32), codes


def epoch(source: DeviceRows, rows: Tensor, seed: int, **options: Any) -> DrawnEpoch:
    """Return an epoch of rows for as many replicas as `rows` has."""
    generators = [torch.Generator().manual_seed(seed + r) for r in range(len(rows))]
    settings = {"repeated": repeated_rows(rows), "batch_size": 16, **options}
    return DrawnEpoch(
        source,
        rows,
        settings["repeated"],
        torch.arange(len(rows)),
        generators,
        settings["batch_size"],
    )


def made(synthesis: Any, drawn: DrawnEpoch) -> Tensor:
    """Return all inputs of an epoch."""
    return torch.cat([batch.inputs for batch in synthesis.batches(drawn)], dim=1)


def test_rows_that_are_not_repeated_stay() -> None:
    """First occurrences are the rows themselves, repeats lie on a way to a neighbour.

    The neighbour is one of the three nearest of the class, by a slow look-up.
    """
    X, codes = table()
    source = DeviceRows(torch.from_numpy(X), codes, CPU)
    rows = torch.randint(60, (2, 100), generator=torch.Generator().manual_seed(0))
    synthesis = SMOTERows(k_neighbors=3)
    synthesis.start(source)
    drawn = epoch(source, rows, seed=0)
    inputs = made(synthesis, drawn).numpy()

    plain = X[rows.numpy()]
    again = drawn.repeated.numpy()
    np.testing.assert_array_equal(inputs[~again], plain[~again])
    for new, row in zip(inputs[again], rows.numpy()[again], strict=True):
        own = np.flatnonzero((codes == codes[row]) & (np.arange(60) != row))
        nearest = own[np.linalg.norm(X[own] - X[row], axis=1).argsort()[:3]]
        way = X[nearest] - X[row]
        share = ((new - X[row]) * way).sum(1) / (way**2).sum(1)
        off = np.linalg.norm(X[row] + share[:, None] * way - new, axis=1)
        assert ((off < 1e-5) & (share > -1e-5) & (share < 1 + 1e-5)).any()


def test_made_rows_are_distributed_as_those_of_smote() -> None:
    """Where all rows of the rare class are repeats: 6,000 of ours beside SMOTE's.

    Two columns, their sum and their difference, by the Kolmogorov-Smirnov test.
    """
    X, codes = table()
    source = DeviceRows(torch.from_numpy(X), codes, CPU)
    rare = torch.from_numpy(np.flatnonzero(codes))
    generator = torch.Generator().manual_seed(5)
    rows = rare[torch.randint(len(rare), (1, 6000), generator=generator)]
    synthesis = SMOTERows()
    synthesis.start(source)
    everything = torch.ones_like(rows, dtype=torch.bool)
    ours = made(synthesis, epoch(source, rows, 0, repeated=everything))[0].numpy()

    smote = SMOTE(sampling_strategy={1: 6020}, random_state=0)
    theirs = smote.fit_resample(X, codes)[0][60:]
    views = np.array([[1, 0], [0, 1], [1, 1], [1, -1]]).T
    for mine, other in zip((ours @ views).T, (theirs @ views).T, strict=True):
        assert ks_2samp(mine, other).pvalue > 0.01


def test_partners_of_msmote_are_its_own() -> None:
    """Safe rows have all neighbours, border rows one, noise itself, as in MSMOTE."""
    X, codes = table(120)
    partners, n_partners = msmote_partners(X, codes, 5)
    sampler = MSMOTE(random_state=0).fit(X, codes)
    sampler.fit_resample(X, codes)
    kinds = sampler.row_kinds_[codes == 1]

    own = partners[codes == 1], n_partners[codes == 1]
    assert {str(kind) for kind in kinds} == {"safe", "border", "noise"}
    np.testing.assert_array_equal(own[1] == 5, kinds == "safe")
    itself = own[0][:, 0] == np.flatnonzero(codes == 1)
    np.testing.assert_array_equal(itself, kinds == "noise")
    assert (codes[own[0][:, 0]] == 1).all()


def test_small_classes_and_large_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows have two partners, one row has itself; many are searched in parts."""
    X, _ = table()
    codes = np.repeat([0, 1, 2], [56, 3, 1])
    partners, n_partners = smote_partners(X, codes, 5)
    assert n_partners[56:].tolist() == [2, 2, 2, 1]
    assert set(partners[56, :2]) == {57, 58}
    assert partners[59].tolist() == [59] * 5

    monkeypatch.setattr(neighbours, "AMONG", 10)
    partners, n_partners = smote_partners(X, codes, 5)
    assert (codes[partners] == codes[:, None]).all()
    assert (partners[:56] != np.arange(56)[:, None]).all()
    assert (n_partners[:56] == 5).all()


def test_each_replica_has_its_own_rows_and_stream() -> None:
    """The second of two sets of rows is made of as if it were alone."""
    sets = [table(seed=seed) for seed in (1, 2)]
    X, codes = (torch.from_numpy(np.stack(part)) for part in zip(*sets, strict=True))
    both = DeviceRows(X, codes, CPU)
    alone = DeviceRows(X[1], codes[1], CPU)
    rows = torch.randint(60, (2, 90), generator=torch.Generator().manual_seed(0))
    of_both, of_one = SMOTERows(), SMOTERows()
    of_both.start(both)
    of_one.start(alone)

    together = made(of_both, epoch(both, rows, seed=3))[1]
    single = made(of_one, epoch(alone, rows[1:], seed=4))[0]
    torch.testing.assert_close(together, single)


@pytest.mark.parametrize("synthesis", ["smote", MSMOTERows(3)])
def test_a_network_trains_on_made_rows(synthesis: Any) -> None:
    """Two fits are alike, and not as without; what is given stays as it is."""
    X, codes = table(300)
    options: dict[str, Any] = {"draw": "over", "max_iter": 8, "random_state": 0}
    options |= {"hidden_layer_sizes": (8,), "device": "cpu", "n_replicas": 2}
    plain = NetworkClassifier(learning_rate_init=0.03, **options).fit(X, codes)
    model = NetworkClassifier(learning_rate_init=0.03, synthesis=synthesis, **options)
    first, again = (model.fit(X, codes).predict_proba(X) for _ in range(2))

    np.testing.assert_array_equal(first, again)
    assert abs(first - plain.predict_proba(X)).max() > 1e-3
    assert model.score(X, codes) > 0.8
    assert not hasattr(synthesis, "_partners")


def test_nothing_is_repeated_nothing_is_made() -> None:
    """Under the prior's draw a synthesis changes nothing but the random stream."""
    X, codes = table(90)
    source = DeviceRows(torch.from_numpy(X), codes, CPU)
    rows = torch.randperm(90, generator=torch.Generator().manual_seed(0))[None]
    synthesis = SMOTERows()
    synthesis.start(source)

    np.testing.assert_array_equal(
        made(synthesis, epoch(source, rows, 0))[0].numpy(), X[rows[0].numpy()]
    )


def test_art_over_a_network_with_a_synthesis() -> None:
    """ART leaves the network's synthesis in place; images are interpolated too."""
    X, codes = table(90)
    images = np.repeat(X, 8, axis=1).reshape(90, 4, 4)
    network = NetworkClassifier(StackedCNN, synthesis="smote", device="cpu")
    art = ARTClassifier(network, max_iter=3, random_state=0).fit(images, codes)

    assert art.estimators_[0].synthesis == "smote"
    assert art.predict_proba(images).shape == (90, 2)


class Shifted:
    """A synthesis that learns one number: by how much repeated rows are moved."""

    def __init__(self) -> None:
        self.shift = torch.zeros(2, requires_grad=True)
        self.slopes: list[Tensor] = []

    def start(self, source: RowSource) -> None:
        """Keep nothing."""

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Move the repeated rows, which count half."""
        first = 0
        for inputs, codes in epoch.source.batches(
            epoch.rows, epoch.replicas, epoch.batch_size
        ):
            again = epoch.repeated[:, first : first + codes.shape[1]]
            first += codes.shape[1]
            moved = inputs + self.shift * again[..., None]
            yield MadeBatch(moved, codes, 1 - 0.5 * again)
            if self.shift.grad is not None:
                self.slopes.append(self.shift.grad.clone())
                self.shift.grad = None


def test_a_synthesis_can_learn() -> None:
    """After each batch it finds the slope of the loss in its own parameters."""
    X, codes = table(90)
    trainer = Trainer(
        StackedMLP(2, 2, seeds=[0]),
        draw="over",
        synthesis=Shifted(),
        batch_size=40,
        max_epochs=2,
        device="cpu",
    )
    trainer.fit(X, codes, seeds=[0])

    assert isinstance(trainer.synthesis, Shifted)
    assert len(trainer.synthesis.slopes) == 6
    assert all(slope.abs().min() > 0 for slope in trainer.synthesis.slopes)


@pytest.mark.parametrize(
    ("synthesis", "message"),
    [
        ("smoot", "there is no synthesis 'smoot': did you mean 'smote'"),
        (SMOTERows, "synthesis is .*give a name"),
        (SMOTE(), "synthesis is SMOTE"),
    ],
)
def test_what_is_no_synthesis_is_refused(synthesis: Any, message: str) -> None:
    """One line says what to give."""
    with pytest.raises(InputError, match=message):
        get_synthesis(synthesis)


def test_a_wrong_number_of_neighbours_is_refused() -> None:
    """It must be a whole number, 1 or more."""
    X, codes = table(30)
    with pytest.raises(InputError, match="k_neighbors is 0: give a whole number"):
        NetworkClassifier(synthesis=SMOTERows(0), device="cpu").fit(X, codes)
