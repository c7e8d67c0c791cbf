"""What a policy's numbers mean."""

import numpy as np
import pytest

from trimtab import InputError
from trimtab.meta_sampler.action import ActionSpace


def test_mu_spans_zero_to_one_and_the_rest_is_the_papers():
    """-1 is the easiest rows, 1 the hardest; draws are balanced."""
    space = ActionSpace("mu", sigma=0.2)
    assert [space.decode([a], 50).mu for a in (-1, 0, 1)] == [0.0, 0.5, 1.0]
    assert space.decode([0.3], 50).ratio == 1.0
    assert space.decode([0.3], 50).sigma == 0.2


def test_ratio_goes_from_balanced_to_all_rows_on_a_log_scale():
    """Halfway between 1:1 and all rows of 1:100 is 1:10."""
    space = ActionSpace("mu-ratio")
    ratios = [space.decode([0, a], 100).ratio for a in (-1, 0, 1)]
    np.testing.assert_allclose(ratios, [1, 10, 100])
    assert space.decode([0, 1], 1).ratio == 1.0


def test_sigma_stays_inside_its_bounds():
    """From nearly one error to nearly all alike."""
    space = ActionSpace("mu-ratio-sigma", sigma=9.0)
    sigmas = [space.decode([0, 0, a], 5).sigma for a in (-1, 1)]
    np.testing.assert_allclose(sigmas, [0.05, 1.0])


def test_an_action_outside_is_taken_for_the_border():
    """Rounding above 1 does no harm."""
    assert ActionSpace().decode([1.0000001], 5).mu == 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ActionSpace("mu-ration"), "no action space 'mu-ration'"),
        (lambda: ActionSpace(sigma=0), "sigma is 0"),
        (lambda: ActionSpace("mu-ratio").decode([0.1], 5), "has 1 numbers"),
    ],
)
def test_what_makes_no_sense_is_refused(make, message):
    """The message names the value."""
    with pytest.raises(InputError, match=message):
        make()
