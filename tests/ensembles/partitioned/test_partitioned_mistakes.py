"""Collections that cannot be used, limits, and what stays as it was."""

# SPDX-License-Identifier: BSD-3-Clause

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from trimtab import (
    ARTClassifier,
    InputError,
    MESAClassifier,
    UnderBaggingClassifier,
    UnderSamplingEnsembleClassifier,
)
from trimtab.ensembles.policies import GaussianPolicy

pytest.importorskip("dask")

import dask
import dask.array as da

from tests.ensembles.partitioned.made_tables import (
    ARRAY,
    COLLECTION,
    TABLE,
    WEIGHT,
    X,
    Y,
    ensemble,
)


@pytest.mark.parametrize(
    ("X", "y", "weight", "message"),
    [
        (ARRAY, Y[:-1], None, r"X has 1500 rows and y has 1499: give one for each row"),
        (TABLE, Y[:-1], None, r"X has 1500 rows and y has 1499: give one for each row"),
        (ARRAY, da.from_array(Y[:-1]), None, r"X has 1500 rows and y has 1499"),
        (TABLE, COLLECTION.y.repartition(npartitions=2), None, "X has 4 partitions an"),
        (
            TABLE,
            da.from_array(Y, chunks=((300, 450, 375, 375),)),
            None,
            r"partition 0 of X has 375 rows and that of y has 300: take both from one",
        ),
        (ARRAY, Y, WEIGHT[1:], r"X has 1500 rows and sample_weight has 1499"),
        (ARRAY, Y, -WEIGHT, r"sample_weight of partition . holds -\S+: give finite"),
        (ARRAY, Y, np.r_[0.0, WEIGHT[1:]], "1 rows of X have a sample_weight of 0"),
        (ARRAY, Y, WEIGHT * (Y != "rare"), r"all rows of class 'rare' have a sample_w"),
        (ARRAY, COLLECTION[["y", "weight"]], None, "y is a dask DataFrame of 2 c"),
        (ARRAY, np.full(1500, "one"), None, r"y has one class only, 'one'"),
        (ARRAY, X[:, 0], None, r"y of partition . is continuous"),
        (ARRAY, np.where(Y == "rare", None, Y), None, r"y of partition . is missing"),
        (ARRAY[:, 0], Y, None, r"X is a dask Array of shape \(1500,\): give a DataFr"),
        (COLLECTION.x0, Y, None, r"X is a dask Series: give a DataFrame, or an Array"),
        (dask.delayed(X), Y, None, r"X is a dask Delayed\w*: give a DataFrame"),
        (TABLE[TABLE.x0 > 99], COLLECTION.y[TABLE.x0 > 99], None, r"X has no rows: gi"),
        (
            TABLE.assign(c=COLLECTION.y.astype("category")),
            Y,
            None,
            r"column 'c' of X is a category whose values dask does not know yet: give "
            r"X.categorize\(columns=\['c'\]\)",
        ),
        (
            TABLE.assign(text=COLLECTION.y),
            Y,
            None,
            "column 'text' of X is of type String, which LightGBM does not take",
        ),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line(X, y, weight, message):
    """The offending value and the cure."""
    model = UnderBaggingClassifier(n_estimators=1)
    with pytest.raises(InputError, match=message) as raised:
        model.fit(X, y, sample_weight=weight)
    assert "\n" not in str(raised.value)
    assert not hasattr(model, "classes_")


def test_what_does_not_take_collections_says_so():
    """ART and others need rows in memory, and so do some uses of MESA."""
    with pytest.raises(InputError, match=r"X is a dask Array, and is needed in mem"):
        ARTClassifier().fit(ARRAY, Y)
    with pytest.raises(InputError, match=r"X is a dask DataFrame, and .*X.compute\(\)"):
        ARTClassifier().fit(TABLE, Y)
    with pytest.raises(InputError, match="meta_sampler is 'train', which needs the ro"):
        MESAClassifier(meta_sampler="train").fit(ARRAY, Y)
    with pytest.raises(InputError, match="eval_set is a dask collection, and is measu"):
        ensemble().fit(ARRAY, Y, eval_set=(ARRAY, Y))
    with pytest.raises(InputError, match="fit has no parameter 'groups'"):
        ensemble().fit(ARRAY, Y, groups=Y)
    model = ensemble().fit(ARRAY, Y)
    with pytest.raises(InputError, match="X is a dask Array, and is needed in memory"):
        model.staged_predict_proba(ARRAY)
    with pytest.raises(ValueError, match="X has 7 features, but"):
        model.predict_proba(ARRAY[:, 1:])


def test_rows_that_come_here_are_bounded():
    """Rare, held-out and drawn rows: how many, how large, and the cure."""
    with dask.config.set({"trimtab.gathered-bytes": "20 kiB", "scheduler": "sync"}):
        ensemble().fit(ARRAY[:, :2], Y)
        with pytest.raises(
            InputError, match=r"\d+ rows of a balanced draw take 2\d\.\d\d kiB in t"
        ):
            ensemble().fit(ARRAY, Y)
        with pytest.raises(InputError, match=r"\d+ rows to hold out take .* dask.conf"):
            ensemble(validation_fraction=0.9).fit(ARRAY[:, :2], Y)
        with pytest.raises(InputError, match=r"\d+ drawn rows take .* may: raise the"):
            ensemble(GaussianPolicy(ratio=9)).fit(ARRAY[:, :2], Y)
        with pytest.raises(InputError, match=r"1400 rows to draw from \(max_cand"):
            ensemble(max_candidates=1400).fit(ARRAY[:, :2], Y)


def test_an_error_of_a_member_says_which(at_scale):
    """As in memory, where it predicts on a partition too."""

    class FailsAtLast(DecisionTreeClassifier):
        def predict_proba(self, X: Any) -> Any:
            if len(X) == 300:
                raise OSError("the disk is full")
            return super().predict_proba(X)

    model = UnderSamplingEnsembleClassifier(FailsAtLast(), n_estimators=2)
    with pytest.raises(OSError, match="the disk is full") as raised:
        model.fit(ARRAY, Y)
    assert raised.value.__notes__ == ["raised by member 1 of 2, FailsAtLast"]


def test_rows_in_memory_never_import_dask():
    """Whoever has no collection does not pay for it."""
    script = (
        "import sys, numpy, trimtab\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "X = numpy.arange(40.0)[:, None]\n"
        "model = trimtab.UnderBaggingClassifier(DecisionTreeClassifier(), 2)\n"
        "model.fit(X, X[:, 0] > 29).predict(X)\n"
        "sys.exit('dask' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
