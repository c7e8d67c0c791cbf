"""Ensembles on Dask collections, beside the same in memory."""

# SPDX-License-Identifier: BSD-3-Clause

import re
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    BalanceCascadeClassifier,
    MESAClassifier,
    SelfPacedEnsembleClassifier,
    UnderBaggingClassifier,
    UnderSamplingEnsembleClassifier,
)
from trimtab.ensembles.policies import POLICIES, GaussianPolicy

pytest.importorskip("dask")

import dask
import dask.array as da
import dask.dataframe as dd
from dask.dataframe import from_delayed

from tests.ensembles.partitioned.made_tables import (
    ARRAY,
    CODES,
    COLLECTION,
    FRAME,
    TABLE,
    WEIGHT,
    Remembering,
    X,
    Y,
    assert_same,
    ensemble,
)
from trimtab.ensembles.partitioned import partition_pool, partition_split


@pytest.mark.parametrize(
    "options",
    [{}, {"validation_fraction": 0.2}, {"validation_fraction": 0.2, "weighted": True}],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_a_collection_gives_the_members_of_the_same_rows_in_memory(policy, options):
    """Every policy, three classes of text, held-out rows, weights: bit-equal."""
    options = dict(options)
    names = {"sample_weight": (WEIGHT, COLLECTION.weight)}
    weighted = names if options.pop("weighted", False) else {}
    here, there = ({name: pair[i] for name, pair in weighted.items()} for i in range(2))
    inside = ensemble(policy, **options).fit(FRAME, Y, **here)
    outside = ensemble(policy, **options).fit(TABLE, COLLECTION.y, **there)
    assert_same(inside, outside, FRAME)
    assert list(outside.feature_names_in_) == list(FRAME.columns)


@pytest.mark.parametrize("partitions", [[1500], [1, 0, 700, 3, 796], [150] * 10])
def test_where_partitions_end_does_not_matter(partitions):
    """Empty ones, ones without a class, labels and weights from memory."""
    options = {"validation_fraction": 0.25, "max_candidates": 700}
    inside = ensemble("self-paced", **options).fit(X, Y, sample_weight=WEIGHT)
    array = da.from_array(X, chunks=(tuple(partitions), 8))
    outside = ensemble("self-paced", **options).fit(array, Y, sample_weight=WEIGHT)
    assert_same(inside, outside)


@pytest.mark.usefixtures("at_scale")
@pytest.mark.parametrize("chunk", [1500, 170])
@pytest.mark.parametrize("policy", [*POLICIES, GaussianPolicy(0.3, ratio=2)])
def test_many_rows_are_drawn_where_they_lie_and_are_those_of_memory(policy, chunk):
    """Best keys of all partitions are the rows that memory draws, in another order."""
    inside = ensemble(policy).fit(X, Y)
    outside = ensemble(policy).fit(da.from_array(X, chunks=(chunk, 8)), Y)
    assert_same(inside, outside)
    for one, other in zip(inside.estimators_, outside.estimators_, strict=True):
        assert np.array_equal(np.sort(one.rows_), np.sort(other.rows_))


@pytest.mark.parametrize("options", [{}, {"validation_fraction": 0.3}])
@pytest.mark.parametrize("few", [True, False])
def test_mesa_decides_as_it_does_in_memory(options, few, monkeypatch):
    """Its state is made of summed histograms, and its members' rows are the same."""
    if not few:
        monkeypatch.setattr(partition_pool, "MOST_ERRORS_HERE", 0)
    tree = Remembering(max_depth=5)
    y = CODES == 1
    inside = MESAClassifier(tree, 4, random_state=0, **options).fit(X, y)
    outside = MESAClassifier(tree, 4, random_state=0, **options).fit(ARRAY, y)
    assert_same(inside, outside)


def test_the_default_learner_and_the_named_ensembles_take_collections():
    """LightGBM, and each estimator of its own name."""
    y = CODES == 1
    for kind in (
        UnderBaggingClassifier,
        SelfPacedEnsembleClassifier,
        BalanceCascadeClassifier,
        MESAClassifier,
    ):
        model = kind(n_estimators=2, random_state=0)
        inside = model.fit(X, y).predict_proba(X)
        assert np.array_equal(model.fit(ARRAY, y).predict_proba(X), inside)


def test_large_draws_of_the_default_learner_are_as_good(at_scale):
    """LightGBM's bags go by position: other bags of the same rows, an equal score."""
    X, y = make_classification(20_000, weights=[0.95], flip_y=0.02, random_state=0)
    scores = []
    for table in (X, da.from_array(X, chunks=(6000, 20))):
        model = MESAClassifier(n_estimators=3, random_state=0, validation_fraction=0.2)
        model.fit(table, y)
        scores.append(model.history_[-1]["held_out_score"])
    assert scores[0] == pytest.approx(scores[1], abs=0.03)


def test_what_is_held_out_and_what_may_be_drawn_of_too_many_rows(monkeypatch):
    """The same shares as in memory, chosen without a number for each row."""
    monkeypatch.setattr(partition_split, "MOST_CODES_HERE", 0)
    options = {"validation_fraction": 0.25, "max_candidates": 600}
    inside = ensemble("gaussian", **options).fit(X, Y)
    fits = [
        ensemble("gaussian", **options).fit(da.from_array(X, chunks=(chunk, 8)), Y)
        for chunk in (1500, 333)
    ]
    assert_same(*fits)
    for one, other in zip(inside.history_, fits[0].history_, strict=True):
        assert np.array_equal(one["rows_per_class"], other["rows_per_class"])
    scores = [model.history_[-1]["held_out_score"] for model in (inside, fits[0])]
    assert scores[0] == pytest.approx(scores[1], abs=0.15)


def test_each_member_is_asked_once_for_each_row_and_fits_on_drawn_rows_alone():
    """Partitions are scored by the new member alone, as they are."""
    asked: list[tuple[int, int]] = []

    class Counting(DecisionTreeClassifier):
        def predict_proba(self, X: Any) -> Any:
            asked.append((self.random_state, len(X)))
            return super().predict_proba(X)

    model = UnderSamplingEnsembleClassifier(
        Counting(max_depth=2), "gaussian", n_estimators=3, random_state=0
    )
    with dask.config.set(scheduler="synchronous"):
        model.fit(ARRAY, Y)
    asked.sort()
    assert [n for _, n in asked] == [300, 400, 400, 400] * 3
    assert len({seed for seed, _ in asked}) == 3
    smallest = np.bincount(CODES).min()
    assert [len(m.tree_.value) > 1 for m in model.estimators_] == [True] * 3
    assert {tuple(r["rows_per_class"]) for r in model.history_} == {(smallest,) * 3}


def test_a_sample_of_candidates_is_taken_out_once():
    """A collection is read to count, to survey and to sample, not every round."""
    read: list[int] = []

    def made(number: int) -> pd.DataFrame:
        read.append(number)
        return FRAME.iloc[number * 500 : (number + 1) * 500]

    parts = [dask.delayed(made)(number) for number in range(3)]
    table = from_delayed(parts, meta=FRAME.iloc[:0], verify_meta=False)
    options = {"max_candidates": 700, "n_estimators": 8}
    model = ensemble("gaussian", **options).fit(table, Y)
    assert_same(ensemble("gaussian", **options).fit(FRAME, Y), model, FRAME)
    assert len(read) <= 3 * 3


@pytest.mark.usefixtures("at_scale")
def test_histograms_are_those_of_memory():
    """Of all rows and of each class, where some are held out and few may be drawn."""
    seen: list[Any] = []

    class Looking:
        def select(self, round: Any) -> Any:
            for per_class in (False, True):
                found = round.histograms(5, per_class=per_class)
                seen.extend([found.train, found.held_out])
            return round.draw(ratio=1.5)

    for options in ({}, {"validation_fraction": 0.2, "max_candidates": 500}):
        inside = ensemble(Looking(), **options).fit(X, Y)
        outside = ensemble(Looking(), **options).fit(ARRAY, Y)
        assert_same(inside, outside)
    halves = np.split(np.arange(len(seen)), 4)
    for here, there in ((halves[0], halves[1]), (halves[2], halves[3])):
        for one, other in zip(here, there, strict=True):
            np.testing.assert_allclose(seen[one], seen[other], rtol=1e-14, atol=1e-17)


def test_an_own_policy_sees_all_rows_where_it_asks(at_scale):
    """Errors and codes of every row are fetched when a policy wants them."""
    sizes = []

    class Own:
        def select(self, round: Any) -> Any:
            sizes.append((len(round.errors), len(round.codes)))
            assert np.array_equal(
                round.codes[round.rows_by_class[2]], [2] * round.class_counts[2]
            )
            return round.draw(lambda errors: 0.1 + errors)

    assert_same(ensemble(Own()).fit(X, Y), ensemble(Own()).fit(ARRAY, Y))
    assert set(sizes) == {(1500, 1500)}


def test_eval_sets_in_memory_measure_partitioned_rows():
    """The same score as in memory."""
    held = X[:200], Y[:200]
    inside = ensemble("gaussian").fit(X[200:], Y[200:], eval_set=held)
    outside = ensemble("gaussian").fit(ARRAY[200:], Y[200:], eval_set=held)
    assert_same(inside, outside)


def test_text_and_categories_reach_the_learner_as_they_came():
    """A pipeline over text columns; LightGBM over known categories."""
    frame = FRAME.assign(
        kind=pd.Categorical(np.where(X[:, 0] > 0, "a", "b"), categories=["b", "c", "a"])
    )
    y = CODES == 1
    table = dd.from_pandas(frame, npartitions=3)
    model = UnderBaggingClassifier(n_estimators=2, random_state=0)
    inside = model.fit(frame, y).predict_proba(frame)
    assert np.array_equal(model.fit(table, y).predict_proba(frame), inside)

    encoder = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="drop")
    pipeline = make_pipeline(encoder, DecisionTreeClassifier())
    text = frame.assign(kind=frame["kind"].astype(str))
    model = UnderBaggingClassifier(pipeline, 2, random_state=0)
    inside = model.fit(text, y).predict_proba(text)
    outside = model.fit(dd.from_pandas(text, npartitions=3), y)
    assert np.array_equal(outside.predict_proba(text), inside)


def test_a_column_of_parquet_files_keeps_the_partitions_of_its_table(tmp_path):
    """Dask would read several narrow partitions at once, and the table's one by one."""
    wide = pd.DataFrame(np.tile(X, 6)).rename(columns=str).assign(y=Y)
    for number in range(5):
        part = wide.iloc[number * 300 : (number + 1) * 300]
        part.to_parquet(tmp_path / f"{number}.parquet")
    table = dd.read_parquet(tmp_path)
    features = table[[str(n) for n in range(48)]]
    assert len(table.y.to_delayed()) < len(features.to_delayed())
    rows = wide.drop(columns="y")
    inside = ensemble("gaussian").fit(rows, Y)
    assert_same(inside, ensemble("gaussian").fit(features, table.y), rows)


def test_sparse_partitions():
    """An array of sparse matrices stays one."""
    matrix = sparse.csr_matrix(np.where(X > 0.5, X, 0.0))
    blocks = da.from_array(matrix.toarray(), chunks=(500, 8))
    blocks = blocks.map_blocks(sparse.csr_matrix, meta=matrix[:0])
    model = UnderBaggingClassifier(DecisionTreeClassifier(), 2, random_state=0)
    inside = model.fit(matrix, Y).predict_proba(matrix)
    assert np.array_equal(model.fit(blocks, Y).predict_proba(matrix), inside)


def test_predictions_for_a_collection_are_lazy_and_those_of_memory():
    """Arrays of Dask in the collection's partitions, of known and unknown size."""
    model = ensemble().fit(FRAME, Y)
    for table in (TABLE, TABLE[TABLE.x0 > 9]):
        rows = table.compute()
        probabilities, labels = model.predict_proba(table), model.predict(table)
        assert isinstance(probabilities, da.Array)
        assert probabilities.shape[1] == 3
        assert labels.dtype == model.classes_.dtype
        if len(rows):
            assert np.array_equal(probabilities.compute(), model.predict_proba(rows))
            assert np.array_equal(labels.compute(), model.predict(rows))
        else:
            assert probabilities.compute().shape == (0, 3)
            assert labels.compute().shape == (0,)
    model.fit(X, Y)
    lazy = model.predict_proba(ARRAY)
    assert lazy.chunks == ((400, 400, 400, 300), (3,))
    assert np.array_equal(lazy.compute(), model.predict_proba(X))
    assert np.array_equal(model.predict(ARRAY).compute(), model.predict(X))


def test_the_score_of_a_collection_is_that_of_memory():
    """Labels and weights may be columns of Dask's, too."""
    model = ensemble().fit(FRAME, Y)
    weight = np.arange(1.0, len(Y) + 1)
    lazy = [dd.from_pandas(pd.Series(one), npartitions=2) for one in (Y, weight)]

    assert model.score(TABLE, Y) == model.score(TABLE, lazy[0]) == model.score(FRAME, Y)
    of_weighty = model.score(FRAME, Y, sample_weight=weight)
    assert model.score(TABLE, lazy[0], sample_weight=lazy[1]) == of_weighty


def test_columns_of_a_collection_may_have_names_that_lightgbm_refuses():
    """Members and predictions are those under other names."""
    names = {name: f"{name} [EUR]" for name in FRAME}
    table, frame = TABLE.rename(columns=names), FRAME.rename(columns=names)
    plain = UnderBaggingClassifier(n_estimators=2, random_state=0).fit(TABLE, Y)
    model = UnderBaggingClassifier(n_estimators=2, random_state=0).fit(table, Y)

    expected = plain.predict_proba(FRAME)
    assert np.array_equal(model.predict_proba(table).compute(), expected)
    assert np.array_equal(model.predict_proba(frame), expected)


def test_the_example_of_the_user_guide_runs():
    """It predicts the rows of the first partition."""
    page = Path(__file__).parents[3] / "docs/user_guide/larger_than_memory.rst"
    block = re.search(r"code-block:: python\n\n((?:   .*\n|\n)+)", page.read_text())
    assert block
    names: dict[str, Any] = {}
    exec(textwrap.dedent(block[1]), names)
    assert names["probabilities"].shape == (100_000, 2)
    assert len(names["model"].estimators_) == 5
