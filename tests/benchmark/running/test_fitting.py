"""What a fitted estimator says, brought to the classes of the table."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest

from trimtab.benchmark.methods import Method
from trimtab.benchmark.running.fitting import MethodOnTable
from trimtab.tables import encode_labels

ROWS = np.arange(4)
SCORES = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])


class Saying:
    """A user's classifier that says what it is told to."""

    def __init__(self, classes: Any, called: Any = None, scores: Any = SCORES) -> None:
        self.classes_, self.called, self.scores = np.array(classes), called, scores

    def predict(self, X: Any) -> Any:
        return np.array(self.called)

    def predict_proba(self, X: Any) -> Any:
        return self.scores


@pytest.fixture
def table():
    """Make a table of the user's own method, with labels of choice."""

    def make(y: Any) -> MethodOnTable:
        own = Method("own", "A user's.", "own", lambda info, seed: None)
        return MethodOnTable(own, np.zeros((4, 1)), encode_labels(y))

    return make


def test_labels_in_a_column_are_labels(table):
    """CatBoost predicts a column where there are more than two classes."""
    made = table(["a", "b", "c", "a"])
    column = [["a"], ["c"], ["b"], ["a"]]

    codes = made.decide(Saying(["a", "b", "c"], column), made.X, np.zeros((4, 3)))

    assert codes.tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize("called", [["a", "b"], [["a", "b"]] * 4, "a"], ids=str)
def test_not_one_label_a_row_is_an_error(table, called):
    """A label for each row is needed, whatever the shape."""
    made = table(["a", "b", "a", "b"])

    with pytest.raises(ValueError, match=r"predict returned .* for 4 rows: one label"):
        made.decide(Saying(["a", "b"], called), made.X, SCORES)


@pytest.mark.parametrize(
    ("y", "classes", "named"),
    [
        (["no", "yes"], [0, 1], "0"),
        (["no", "yes"], ["no", "Yes"], "'Yes'"),
        ([0, 1], [1, 2], "2"),
        ([0, 1], [0.0, np.nan], "nan"),
        (["no", "yes"], np.array([0, 1], dtype=object), "0"),
    ],
    ids=str,
)
def test_classes_that_are_not_of_the_table_are_an_error(table, y, classes, named):
    """The label is named; its column goes to no other class in silence."""
    made = table(y * 2)
    known = ", ".join(map(repr, y))

    with pytest.raises(ValueError, match=rf"holds {named}, .* given \({known}\)"):
        made.predict(Saying(classes), ROWS)
    with pytest.raises(ValueError, match=f"predict returned {named}, which is none"):
        made.decide(Saying(y, [*classes] * 2), made.X, SCORES)


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ([False, True], ["False", "True"]),
        (["0", "1"], [0, 1]),
        ([2, 10], ["2", "10"]),
        ([0, 1], [0.0, 1.0]),
        (["no", "yes"], np.array(["no", "yes"], dtype=object)),
    ],
    ids=str,
)
def test_labels_of_another_type_are_known_by_their_text(table, y, classes):
    """Some libraries give back text for what was True, or numbers for text."""
    scores = table(y * 2).predict(Saying(classes), ROWS)

    np.testing.assert_array_equal(scores, SCORES)


@pytest.mark.parametrize("shape", [(4, 1), (4,), (4, 3)], ids=str)
def test_a_column_of_probabilities_is_needed_for_each_class(table, shape):
    """One column is not spread over the others."""
    with pytest.raises(ValueError, match=r"a column is needed for each of the 2"):
        table([0, 1] * 2).predict(Saying([0, 1], scores=np.ones(shape)), ROWS)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (3 * SCORES, r"returned 2\.7: probabilities lie between 0 and 1"),
        (SCORES - 0.2, r"returned -0\.1: probabilities lie between 0 and 1"),
        (SCORES / 2, r"a row with the sum 0\.5: the probabilities of a row sum to 1"),
        (np.full((4, 2), "half"), "returned no numbers"),
    ],
    ids=["too large", "negative", "halved", "text"],
)
def test_what_is_no_probability_is_an_error(table, scores, message):
    """It is not made one: who scales it would be measured on other numbers."""
    with pytest.raises(ValueError, match=message):
        table([0, 1] * 2).predict(Saying([0, 1], scores=scores), ROWS)
    kept = table([0, 1] * 2).predict(Saying([0, 1], scores=SCORES.tolist()), ROWS)
    np.testing.assert_array_equal(kept, SCORES)
