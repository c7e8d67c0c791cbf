"""What the draw makes of validation passes in which classes have no row."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings

import numpy as np
import pytest
import torch

from trimtab.exceptions import InputError
from trimtab.integrations.class_counts import ClassCounts
from trimtab.sampling.torch_sampler import AdaptiveClassSampler


def counts_of(n_rows: list[int], **options: float) -> ClassCounts:
    """Give the counts of a sampler over so many rows of each class."""
    labels = np.repeat(np.arange(len(n_rows)), n_rows)
    return ClassCounts(
        AdaptiveClassSampler(labels, n_classes=len(n_rows), prior_blend=0.0, **options),
        metric="recall",
    )


def validate(counts: ClassCounts, recalls: dict[int, float]) -> list[float]:
    """Pass 10 rows of each class given, of which such a share is recognised."""
    for code, recall in recalls.items():
        predicted = torch.full((10,), (code + 1) % counts.n_classes)
        predicted[: round(10 * recall)] = code
        counts.add(torch.full((10,), code), torch.eye(counts.n_classes)[predicted])
    scores: list[float] = counts.follow()["class_scores"].tolist()
    return scores


def test_class_that_was_never_measured_counts_as_the_mean_of_the_others() -> None:
    """Without held-out rows a class is as hard as the others; one warning names it."""
    counts = counts_of([80, 15, 5])

    with pytest.warns(UserWarning, match=r"class 2 had no row .*: put rows of each"):
        assert validate(counts, {0: 0.8, 1: 0.4}) == pytest.approx([0.8, 0.4, 0.6])
    np.testing.assert_allclose(counts.sampler.probabilities, [1 / 6, 1 / 2, 1 / 3])
    with warnings.catch_warnings(action="error"):
        assert validate(counts, {0: 0.8, 1: 0.8}) == pytest.approx([0.8, 0.8, 0.8])


def test_class_without_a_row_this_time_keeps_its_score() -> None:
    """What was measured of a class stays until it is measured again."""
    counts = counts_of([80, 15, 5])
    validate(counts, {0: 0.8, 1: 0.4, 2: 0.2})

    with pytest.warns(UserWarning, match="class 2 had no row"):
        assert validate(counts, {0: 0.9, 1: 0.6}) == pytest.approx([0.9, 0.6, 0.2])
    assert validate(counts, {2: 0.5}) == pytest.approx([0.9, 0.6, 0.5])


def test_class_keeps_what_its_rows_had_proved() -> None:
    """With a confidence, a class without a row this time is drawn as before."""
    counts = counts_of([80, 15, 5], confidence=0.9)
    validate(counts, {0: 0.8, 1: 0.4, 2: 0.2})
    before = counts.sampler.probabilities

    with pytest.warns(UserWarning, match="class 2 had no row"):
        validate(counts, {0: 0.8, 1: 0.4})
    np.testing.assert_allclose(counts.sampler.probabilities, before)


def test_empty_validation_leaves_the_draw_as_it_is() -> None:
    """Where no class was measured, nothing is followed."""
    counts = counts_of([80, 15, 5])
    validate(counts, {0: 0.8, 1: 0.4, 2: 0.2})
    before = counts.sampler.probabilities

    with pytest.warns(UserWarning, match="classes 0, 1, 2 had no row"):
        assert validate(counts, {}) == pytest.approx([0.8, 0.4, 0.2])
    np.testing.assert_array_equal(counts.sampler.probabilities, before)


def test_class_without_a_training_row_is_not_missed() -> None:
    """A class that cannot be drawn needs no held-out row, and moves no mean."""
    counts = counts_of([80, 20, 0])

    with warnings.catch_warnings(action="error"):
        validate(counts, {0: 0.8, 1: 0.4})
    np.testing.assert_allclose(counts.sampler.probabilities, [1 / 4, 3 / 4, 0])
    other = counts_of([80, 20, 0])
    with pytest.warns(UserWarning, match="class 1 had no row"):
        assert validate(other, {0: 0.8, 2: 0.0}) == pytest.approx([0.8, 0.8, 0.0])


def test_network_of_too_few_outputs_is_told_so() -> None:
    """Where training rows have more classes than the network, it is the network's."""
    counts = counts_of([80, 15, 5])

    with pytest.raises(InputError, match="give the network 3 outputs"):
        counts.add(torch.tensor([0, 1]), torch.eye(2))
