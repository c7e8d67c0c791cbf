"""Which methods a comparison runs."""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import replace
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from trimtab.benchmark.methods import TableInfo, get_method, list_methods
from trimtab.benchmark.portfolio import PORTFOLIOS, choose_methods
from trimtab.exceptions import InputError

TWO = TableInfo((90, 10), 1)
THREE = TableInfo((50, 40, 10), 2)


def refusal(methods: Any, portfolio: str = "quick") -> str:
    """Return the one line that a bad choice gets."""
    with pytest.raises(InputError) as caught:
        choose_methods(methods, portfolio, TWO)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("portfolio", PORTFOLIOS)
def test_portfolio_holds_what_applies_baseline_first(portfolio: str) -> None:
    """Every method of the portfolio is run, or it is told why not."""
    chosen, skipped = choose_methods(None, portfolio, TWO)

    wanted = {m.name for m in list_methods() if m.quick or portfolio == "full"}
    assert next(iter(chosen)) == "lightgbm"
    assert set(chosen) | set(skipped) == wanted
    assert not set(chosen) & set(skipped)
    assert all(reason for reason in skipped.values())
    assert {method.code for method in chosen.values()} == {""}


def test_quick_portfolio_is_a_small_part_of_the_full() -> None:
    """About a dozen to try first."""
    quick, full = (set(choose_methods(None, p, TWO)[0]) for p in PORTFOLIOS)

    assert quick < full
    assert 8 <= len(quick) <= 14


def test_methods_that_do_not_apply_are_skipped_with_the_reason() -> None:
    """One threshold cannot divide three classes, asked for by name or not."""
    for methods in (None, ["lightgbm-tuned-threshold"]):
        chosen, skipped = choose_methods(methods, "quick", THREE)

        assert "lightgbm-tuned-threshold" not in chosen
        assert "3 classes" in skipped["lightgbm-tuned-threshold"]
        assert "lightgbm" in chosen


def test_named_methods_come_in_the_order_given() -> None:
    """The baseline is always there, and none comes twice."""
    chosen, skipped = choose_methods(
        ["smote", "random-forest", "lightgbm", "smote"], "quick", TWO
    )

    assert [*chosen] == ["lightgbm", "smote", "random-forest"]
    assert skipped == {}


def test_one_name_is_one_method() -> None:
    """A string is not taken for a list of its letters."""
    assert [*choose_methods("smote", "quick", TWO)[0]] == ["lightgbm", "smote"]
    assert [*choose_methods([], "quick", TWO)[0]] == ["lightgbm"]


def test_methods_may_be_given_as_such() -> None:
    """One that is not registered is taken as it is."""
    own = replace(get_method("random-forest"), name="mine")

    for methods in ([own], {"whatever": own}):
        chosen, _ = choose_methods(methods, "quick", TWO)
        assert chosen["mine"] == own


def test_users_classifiers_are_cloned_and_seeded() -> None:
    """The user's own object is not touched, and a seed that was set is kept."""
    forest = RandomForestClassifier(7)
    seeded = RandomForestClassifier(random_state=5)
    piped = make_pipeline(StandardScaler(), DecisionTreeClassifier())
    given = {"forest": forest, "seeded": seeded, "piped": piped}

    chosen, _ = choose_methods(given, "quick", TWO)

    built = {name: chosen[name].build(TWO, 3) for name in given}
    assert built["forest"].get_params() == forest.get_params() | {"random_state": 3}
    assert built["seeded"].random_state == 5
    assert built["piped"][-1].random_state == 3
    assert forest.random_state is None
    assert piped[-1].random_state is None
    assert chosen["forest"].family == "own"
    assert chosen["forest"].description == "RandomForestClassifier"


def test_users_classifiers_are_told_apart_by_their_content() -> None:
    """Changed parameters are another experiment; the same ones are the same."""
    digests = [
        choose_methods({"mine": value}, "quick", TWO)[0]["mine"].code
        for value in (
            RandomForestClassifier(7),
            RandomForestClassifier(7),
            RandomForestClassifier(8),
            DecisionTreeClassifier(),
        )
    ]

    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_methods_must_apply_to_what_is_fitted() -> None:
    """Of 120 rows four folds in five leave 96, too few for an inner validation."""
    table = replace(TWO, class_counts=(100, 20))
    name = "lightgbm-tuned-threshold"

    assert name in choose_methods([name], "quick", table)[0]
    chosen, skipped = choose_methods([name], "quick", table, fitted=0.8)
    assert list(chosen) == ["lightgbm"]
    assert skipped[name].startswith("96 rows are too few")


@pytest.mark.parametrize(
    "name", ["art", "art-lightgbm", "network", "autosmote-self", "explicit-gradient"]
)
def test_a_class_of_which_one_row_is_left_cannot_be_held_out(name: str) -> None:
    """Of two rows, one in two folds; what holds rows out is skipped, not failed."""
    table = replace(THREE, class_counts=(60, 30, 2))

    assert "one row to train on" in choose_methods([name], "quick", table, fitted=0.5)[
        1
    ].get(name, "")
    assert name in choose_methods([name], "quick", table)[0]


def test_methods_by_name_join_a_users_own() -> None:
    """In one mapping, each under its own name."""
    chosen, _ = choose_methods(
        {"mine": RandomForestClassifier(), "smote": "smote"}, "quick", TWO
    )
    assert list(chosen) == ["lightgbm", "mine", "smote"]
    assert chosen["smote"] is get_method("smote")
    assert refusal({"mine": "smote"}).startswith(
        "methods['mine'] names the method 'smote': call it by its name"
    )


def test_bad_choices_get_one_line() -> None:
    """Unknown names with the nearest, and classifiers that cannot be compared."""
    assert refusal(["smoot"]).startswith("no method 'smoot': did you mean 'smote'")
    assert refusal("lightgbn").startswith("no method 'lightgbn': did you mean")
    assert refusal(None, "ful") == "no portfolio 'ful': did you mean 'full'?"
    assert refusal({"svm": LinearSVC()}).startswith(
        "methods['svm'] has no predict_proba: wrap it"
    )
    assert refusal({1: RandomForestClassifier()}) == (
        "methods has the name 1: give a text as its name"
    )
    assert refusal({"forest": RandomForestClassifier}) == (
        "methods['forest'] is a class: give an instance, RandomForestClassifier()"
    )
    assert refusal([RandomForestClassifier()]).startswith(
        "methods holds a RandomForestClassifier without a name: give a mapping"
    )
    assert refusal({"lightgbm": RandomForestClassifier()}).startswith(
        "methods['lightgbm'] would take the place of"
    )
