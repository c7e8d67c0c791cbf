"""What a policy sees."""

import numpy as np
import pytest

from tests.meta_sampler.conftest import grown
from trimtab import InputError
from trimtab.ensembles.policies import UniformPolicy
from trimtab.ensembles.round import Round
from trimtab.meta_sampler.state import StateLayout

CODES = np.array([0, 0, 0, 1])
ERRORS = np.array([0.1, 0.1, 0.9, 0.4])


def by_hand(held_out=True):
    """Return a round whose numbers can be checked by eye."""
    n = 2 if held_out else 0
    return Round(
        number=2, n_rounds=10, codes=CODES, errors=ERRORS,
        held_out_codes=np.array([0, 1])[:n], held_out_errors=np.array([0.6, 0.2])[:n],
        score=0.7 if held_out else float("nan"),
        rows_by_class=(np.array([0, 1, 2]), np.array([3])),
        rng=np.random.default_rng(0),
    )  # fmt: skip


def test_the_papers_state_is_both_histograms_one_after_the_other():
    """Equation 2, worked by hand with two bins."""
    state = StateLayout("errors", n_bins=2).observe(by_hand())
    np.testing.assert_allclose(state, [0.75, 0.25, 0.5, 0.5])
    assert state.dtype == np.float32


def test_the_state_of_a_task_tells_classes_and_task_apart():
    """The smallest class, the others, held-out rows likewise, then eight facts."""
    state = StateLayout("task", n_bins=2).observe(by_hand())
    np.testing.assert_allclose(state[:8], [1, 0, 2 / 3, 1 / 3, 1, 0, 0, 1])
    facts = [np.log10(3) / 4, np.log10(4) / 8, 0, 0, 1 / 3, 0.2, 0.7, 1]
    np.testing.assert_allclose(state[8:], facts, rtol=1e-6)


def test_all_other_classes_are_one_histogram_of_their_rows():
    """Four rows of one and two of another: three errors below 0.5 of six, by rows."""
    codes = np.array([0, 0, 0, 0, 1, 1, 2])
    errors = np.array([0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.4])
    three = Round(
        number=1, n_rounds=10, codes=codes, errors=errors,
        held_out_codes=codes[:0], held_out_errors=errors[:0], score=float("nan"),
        rows_by_class=tuple(np.flatnonzero(codes == code) for code in range(3)),
        rng=np.random.default_rng(0),
    )  # fmt: skip
    state = StateLayout("training", n_bins=2).observe(three)
    # By classes it would be the mean of 3/4 and 0.
    np.testing.assert_allclose(state[:4], [1, 0, 1 / 2, 1 / 2])


def test_without_held_out_rows_the_state_says_so():
    """No NaN reaches a network."""
    state = StateLayout("task", n_bins=2).observe(by_hand(held_out=False))
    assert np.isfinite(state).all()
    assert state[-2:].tolist() == [0, 0]


def test_the_state_of_training_rows_is_that_of_a_task_less_what_is_held_out():
    """Two histograms and six facts, the same whether or not anything is held out."""
    layout = StateLayout("training", n_bins=2)
    state = layout.observe(by_hand())
    of_task = StateLayout("task", n_bins=2).observe(by_hand())
    np.testing.assert_array_equal(state, [*of_task[:4], *of_task[8:14]])
    np.testing.assert_array_equal(state, layout.observe(by_hand(held_out=False)))
    assert not layout.uses_held_out


@pytest.mark.parametrize("name", ["errors", "task", "training"])
@pytest.mark.parametrize("n_classes", [2, 4])
def test_a_state_is_as_long_as_it_says_whatever_the_number_of_classes(name, n_classes):
    """A policy learned on two classes can be used on four."""
    layout = StateLayout(name, n_bins=5)
    state = layout.observe(grown(UniformPolicy(), n_classes).round)
    assert state.shape == (layout.size,)
    assert ((state >= 0) & (state <= 1)).all()


@pytest.mark.parametrize(
    "make", [lambda: StateLayout("x"), lambda: StateLayout(n_bins=0)]
)
def test_unknown_states_are_refused(make):
    """By a message that says what there is."""
    with pytest.raises(InputError, match=r"there is no state 'x'|n_bins is 0"):
        make()
