"""What all over-samplers that make rows have in common."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import make_classification

from trimtab import (
    AutoSMOTE,
    AutoSMOTEClassifier,
    ExplicitGradientClassifier,
    ExplicitGradientSampler,
)
from trimtab.exceptions import InputError
from trimtab.synthesis.cwgan import CWGANOverSampler
from trimtab.synthesis.msmote import MSMOTE

SAMPLERS = [
    MSMOTE(random_state=0),
    CWGANOverSampler(random_state=0, max_iter=2),
    AutoSMOTE(classifier=AutoSMOTEClassifier(max_iter=2), random_state=0),
    ExplicitGradientSampler(ExplicitGradientClassifier(max_iter=2), random_state=0),
]


@pytest.fixture(params=SAMPLERS, ids=lambda sampler: type(sampler).__name__)
def sampler(request) -> Any:
    """Give each of them."""
    return request.param


@pytest.fixture(scope="module")
def table() -> tuple[Any, Any]:
    """Give 120 rows of whole numbers with one positive in six."""
    X, y = make_classification(120, 5, weights=[0.83], random_state=0)
    return np.rint(X * 4).astype(np.int64), y


def test_a_dask_collection_is_refused(sampler, table):
    """It is not loaded behind the user's back, and the error tells the cure."""
    array = pytest.importorskip("dask.array")
    X, y = table
    with pytest.raises(InputError, match=r"X is a dask Array.*X\.compute\(\)"):
        sampler.fit_resample(array.from_array(X), y)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_made_rows_are_of_the_tables_kind(sampler, table, kind):
    """Format and numbers stay, the given rows come first, and classes are level."""
    X, y = kind(table[0]), table[1]
    rows, labels = sampler.fit_resample(X, y)
    assert type(rows) is type(X)
    assert rows.dtype == X.dtype
    given = rows[: len(y)]
    assert ((given.toarray() if sparse.issparse(X) else given) == table[0]).all()
    assert len(set(np.bincount(labels).tolist())) == 1
    assert (sampler.sample_indices_ == np.arange(len(y))).all()


def test_a_balanced_table_stays_as_it_is(sampler, table):
    """Where there is nothing to make, what comes back is what was given."""
    X, labels = table[0], np.arange(120) % 2
    rows, same = sampler.fit_resample(X, labels)
    assert (rows == X).all()
    assert (same == labels).all()
