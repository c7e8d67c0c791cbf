"""Methods and suites that rerun the Explicit Gradient paper."""

# SPDX-License-Identifier: BSD-3-Clause

import json
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from imblearn.over_sampling import SMOTE
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from trimtab import InputError
from trimtab.benchmark.methods import TableInfo, get_method
from trimtab.benchmark.methods.explicit_gradient_methods import FewerColumns, grown
from trimtab.benchmark.methods.withdrawn_rows import DoubledRareClass
from trimtab.benchmark.suites.suite import load_suite

INFO = TableInfo(class_counts=(80, 20), positive=1)


def as_in_paper(**parameters: Any) -> Any:
    """Give the method of the suites."""
    return get_method("as-in-explicit-gradient").build(INFO, 0, **parameters)


@pytest.mark.parametrize(
    ("name", "methods", "datasets", "of_paper"),
    [("eg-table1", 11, 3, 72), ("eg-table2", 13, 26, 156), ("eg-table3", 9, 26, 108)],
)
def test_suites_plan_the_paper_s_protocol(
    name: str, methods: int, datasets: int, of_paper: int
) -> None:
    """A fifth for testing, four times over, and the control in every table."""
    suite = load_suite(name)

    assert (len(suite.entries), len(suite.datasets)) == (methods, datasets)
    assert len(suite.paper) == of_paper
    assert {one.fold for one in suite.experiments()} == {0, 1, 2, 3}
    assert {claim.method for claim in suite.claims} == {"Explicit Gradient"}
    labels = {entry.label for entry in suite.entries}
    assert {"Explicit Gradient not moved", "LightGBM", "Random forest"} <= labels
    assert not any("," in label for label in labels)


def test_repeats_hold_what_table_2_has_of_these_methods() -> None:
    """Two of the ten repeats are those of the table: what is there is not run again."""
    table, repeats = load_suite("eg-table2"), load_suite("eg-repeats")
    chosen = {(entry.method, entry.parameters) for entry in repeats.entries}
    shared = {
        one.key for one in table.experiments() if (one.method, one.parameters) in chosen
    }
    keys = {one.key for one in repeats.experiments()}

    assert len(shared) == 3 * 26 * 4 * 2
    assert len(keys) == 3 * 26 * 4 * 10
    assert shared < keys


def test_networks_of_a_suite_differ_in_one_thing() -> None:
    """All have the paper's layers, batches and epochs, and train on equal shares."""
    for entry in load_suite("eg-table3").entries:
        if entry.method != "as-in-explicit-gradient":
            continue
        model = as_in_paper(**json.loads(entry.parameters))[-1]
        moving = hasattr(model, "meta_fraction")
        network = model.network_to_fit() if moving else model
        held = model.validation_fraction
        assert not moving or model.meta_fraction is None
        assert network.hidden_layer_sizes == (128, 16)
        assert (network.batch_size, network.max_iter) == (128, 200)
        assert (network.n_replicas, network.n_iter_no_change) == (1, None)
        assert held == 0.25
        own = (network.schedule, network.beta_1)
        assert own == (("cosine", 0.9) if moving else ("constant", 0.5))
        assert model.selection == ("last" if moving else "average-precision")


def test_rows_are_doubled_and_columns_scaled() -> None:
    """The sampler doubles the rare class; min-max scaling and components are steps."""
    model = as_in_paper(sampler="SMOTE", components=2)
    assert list(model.named_steps)[-3:-1] == ["minmaxscaler", "projection"]
    sampler = model[-1].sampler
    assert isinstance(sampler, SMOTE)
    y = np.repeat([0, 1], [80, 20])
    X = np.random.default_rng(0).normal(size=(100, 3))
    assert Counter(sampler.fit_resample(X, y)[1].tolist()) == {0: 80, 1: 40}
    made = as_in_paper(sampler="cWGAN")[-1].sampler.set_params(max_iter=1)
    assert Counter(made.fit_resample(X, y)[1].tolist()) == {0: 80, 1: 40}
    assert grown(["a"] * 8 + ["b"] * 6, times=2) == {"b": 8}
    with pytest.raises(InputError, match="no sampler 'SMOT'"):
        as_in_paper(sampler="SMOT")


def test_fewer_columns_are_principal_components() -> None:
    """A projection where there is something to drop, else the rows as they are."""
    X = np.random.default_rng(0).normal(size=(50, 6))
    step = FewerColumns(2).fit(X)
    expected = PCA(2, random_state=0).fit_transform(X)
    np.testing.assert_allclose(step.transform(X), expected, atol=1e-12)
    np.testing.assert_array_equal(FewerColumns(6).fit(X).transform(X), X)


def census(n_rare: int) -> tuple[pd.DataFrame, Any]:
    """Give rows with their number as a column."""
    X = pd.DataFrame({"number": np.arange(100.0 + n_rare)})
    return X, np.array(["no"] * 100 + ["yes"] * n_rare)


def test_potential_has_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fitted on as many more rare rows as there are, none of the data set's."""
    from types import SimpleNamespace

    from trimtab import datasets

    X, y = census(100)
    card = SimpleNamespace(positive="yes", origin=SimpleNamespace(recipe={"ratio": 10}))
    monkeypatch.setattr(datasets, "load", lambda name: (X, y, card))
    monkeypatch.setattr(datasets, "describe", lambda name: card)
    X_ir, y_ir = datasets.make_imbalanced(X, y, 10, positive="yes", random_state=0)
    seen: dict[str, Any] = {}

    class Spy(LogisticRegression):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            seen.update(X=X, y=y)
            return super().fit(X, y)

    model = DoubledRareClass(Spy(), "ir10", "balanced").fit(X_ir, y_ir)
    assert model.n_rows_ == len(y_ir) + 10
    assert Counter(seen["y"].tolist()) == {"no": 100, "yes": 20}
    assert not seen["X"]["number"].duplicated().any()
    assert model.predict_proba(X_ir).shape == (110, 2)
