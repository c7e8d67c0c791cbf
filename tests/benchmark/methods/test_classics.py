"""The classics: the rows that each leaves, by hand."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from tests.benchmark import small_tables
from trimtab.benchmark.methods import TableInfo, get_method
from trimtab.benchmark.methods.classics import small_leaves
from trimtab.benchmark.methods.rows import fitted_rows
from trimtab.benchmark.methods.table_description import table_info
from trimtab.benchmark.protocol import Protocol
from trimtab.tables import encode_labels, take_rows

# Two thirds of 168 and 24 rows are training rows.
TABLE = small_tables.numbers()
USUAL, RARE = np.bincount(TABLE.y).tolist()


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("random-over-sampling", {}, 2 * USUAL),
        ("random-over-sampling", {"ratio": 0.5}, USUAL + USUAL // 2),
        ("random-under-sampling", {}, 2 * RARE),
        ("random-under-sampling", {"ratio": 3}, 4 * RARE),
        ("near-miss-1", {}, 2 * RARE),
        ("near-miss-2", {}, 2 * RARE),
        ("smote", {}, 2 * USUAL),
        ("smote", {"ratio": 0.5, "k_neighbors": 2}, USUAL + USUAL // 2),
        ("borderline-smote", {}, 2 * USUAL),
        ("balanced-random-forest", {"n_estimators": 3}, 3 * 2 * RARE),
        ("easy-ensemble", {"n_estimators": 3}, 3 * 2 * RARE),
        ("balanced-bagging", {"n_estimators": 3}, 3 * 2 * RARE),
    ],
)
def test_rows_after_resampling(name, parameters, expected):
    """What is balanced is balanced exactly."""
    fitted = TABLE.fit(get_method(name), **parameters)

    assert fitted_rows(fitted, len(TABLE.y)) == expected


@pytest.mark.parametrize(
    "name",
    [
        "near-miss-3",
        "edited-nearest-neighbours",
        "all-knn",
        "tomek-links",
        "one-sided-selection",
        "neighbourhood-cleaning",
    ],
)
def test_cleaning_drops_rows_of_the_large_class_alone(name):
    """Some rows go, and no rare one."""
    table = small_tables.numbers(distance=1)
    fitted = table.fit(get_method(name))
    selector = fitted.steps[0][1]

    _, labels = selector.fit_resample(table.X, table.y)

    assert len(labels) == selector.n_rows_ == fitted_rows(fitted, len(table.y))
    assert (labels == 1).sum() == RARE
    assert (labels == 0).sum() < USUAL


def test_tomek_link_by_hand():
    """Of the pair of nearest neighbours of two classes the usual one goes."""
    X = np.arange(60.0)[:, None]
    X[40] = 49.6  # beside the rare row at 50
    y = (np.arange(60) >= 50).astype(int)
    info = table_info(X, encode_labels(y))

    fitted = get_method("tomek-links").build(info, 0).fit(X, y)

    # 49.6 and 50 are nearest to each other; 49 is nearest to 48 and 49.6.
    assert fitted_rows(fitted, 60) == 59


def test_rusboost_draws_balanced_in_each_round():
    """Each round adds two rows for each rare one."""
    fitted = TABLE.fit(get_method("rusboost"))
    rounds = len(fitted.steps[-1][1].estimators_)

    assert 1 < rounds <= 50
    assert fitted_rows(fitted, len(TABLE.y)) == rounds * 2 * RARE


def test_smotenc_takes_categories_that_exist():
    """New rows of a mixed table have categories, not mixtures of them."""
    table = small_tables.mixed()
    fitted = table.fit(get_method("smotenc"))

    prepared = fitted[:-2].transform(table.X)
    made, labels = fitted.steps[-2][1].fit_resample(prepared, table.y)

    assert fitted_rows(fitted, len(table.y)) == 2 * USUAL == len(labels)
    assert set(made["c1"]) == {"red", "blue", "(missing)"}
    assert isinstance(made["c1"].dtype, pd.CategoricalDtype)


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        (None, "the table has no categories"),
        (("number", "text"), "the table has no categories"),
        (("category", "category"), "the table has nothing but categories"),
        (("category", "number"), None),
    ],
)
def test_smotenc_needs_both(kinds, reason):
    """It interpolates numbers and votes on categories: it needs either."""
    info = TableInfo((90, 10), 1, kinds=kinds)

    assert get_method("smotenc").reason_to_skip(info) == reason


@pytest.mark.parametrize(
    ("counts", "leaf"),
    [
        ((269, 19), 9),  # 38 rows: a quarter
        ((500, 30), 10),  # 60 rows: 10
        ((500, 60), 15),  # 120 rows: an eighth
        ((9000, 500), 20),  # 1000 rows: LightGBM's own
        ((50, 1), 1),
        ((500, 30, 30), 11),  # 90 rows
    ],
)
def test_leaves_shrink_with_the_rows(counts, leaf):
    """Leaves are smaller only where few rows are left."""
    assert small_leaves(TableInfo(counts, 1)) == {"min_child_samples": leaf}


@pytest.mark.parametrize(
    "name",
    [
        "smote",
        "borderline-smote",
        "svm-smote",
        "adasyn",
        "smote-enn",
        "smote-tomek",
        "random-over-sampling",
        "random-under-sampling",
        "near-miss-1",
        "all-knn",
        "balanced-bagging",
        "easy-ensemble",
    ],
)
def test_two_rare_rows_are_enough(name):
    """A class with fewer rows than neighbours are asked for does not fail."""
    table = small_tables.numbers((60, 3))
    parameters = {"n_estimators": 2} if name == "easy-ensemble" else {}

    fitted = table.fit(get_method(name), **parameters)

    assert np.bincount(table.y).tolist()[1] == 2
    assert fitted.predict_proba(table.X_test).shape == (len(table.y_test), 2)


@pytest.mark.data
@pytest.mark.parametrize("name", ["random-under-sampling", "balanced-bagging"])
def test_balanced_draws_of_a_small_table_learn(name, data_home):
    """On Libras Movement, 38 rows after the draw, trees do grow."""
    with np.load(data_home / "imblearn27" / "libras_move.npz") as file:
        X, y = file["X"], file["y"]
    scores = np.zeros(len(y))
    for fold in range(5):
        training, test = Protocol().rows(y.astype(np.int64), 0, fold, seed=0)
        info = table_info(take_rows(X, training), encode_labels(y[training]))
        fitted = get_method(name).build(info, 0).fit(X[training], y[training])
        scores[test] = fitted.predict_proba(X[test])[:, 1]

    # Without smaller leaves it is 0.07, the share of positive rows.
    assert average_precision_score(y, scores) > 0.4
