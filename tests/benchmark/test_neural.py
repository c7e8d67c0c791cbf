"""Networks and ART as methods of the comparison."""

import numpy as np
import pytest
from sklearn.datasets import make_classification

from trimtab.benchmark.evaluation import evaluate
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import TableInfo, get_method, list_methods
from trimtab.benchmark.protocol import Protocol
from trimtab.tables import encode_labels


@pytest.fixture(scope="module")
def table():
    """Make a table of 400 rows, one in ten positive."""
    X, y = make_classification(
        400, 6, n_informative=4, weights=[0.9], class_sep=1.5, random_state=0
    )
    return X, encode_labels(y)


@pytest.mark.parametrize("name", ["network", "network-focal", "art", "art-lightgbm"])
def test_they_beat_guessing_and_repeat_themselves(table, name):
    """The same seed gives the same scores, bit for bit."""
    experiment = Experiment("t", name, Protocol(3), 0, 0)
    first, again = (evaluate(experiment, get_method(name), *table) for _ in range(2))
    assert first.measures["average_precision"] > 0.4
    np.testing.assert_array_equal(first.scores, again.scores)


def test_art_that_never_adapts_keeps_its_first_draw(table):
    """It is the control that tells what adapting adds."""
    X, labels = table
    info = TableInfo(tuple(labels.counts), 1)
    drawn = {}
    for name in ("art", "art-not-adapted"):
        fitted = get_method(name).build(info, 0).fit(X, labels.codes)
        history = fitted[-1].history_
        drawn[name] = {tuple(record["class_probabilities"]) for record in history}
    assert len(drawn["art-not-adapted"]) == 1
    assert len(drawn["art"]) > 1
    np.testing.assert_allclose(*drawn["art-not-adapted"], [0.7, 0.3], atol=0.01)


def test_sparse_tables_are_left_to_others():
    """A network takes no sparse matrix, and says so."""
    info = TableInfo((90, 10), 1, is_sparse=True)
    for method in list_methods("network"):
        assert "sparse" in method.reason_to_skip(info)
    assert get_method("art-lightgbm").reason_to_skip(info) is None
