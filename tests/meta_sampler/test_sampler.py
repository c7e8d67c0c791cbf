"""MetaSampler as users meet it."""

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier

from tests.meta_sampler.conftest import grown, table
from trimtab import InputError
from trimtab.ensembles.default_learner import default_learner
from trimtab.meta_sampler.sampler import MetaSampler
from trimtab.meta_sampler.tasks import Task

SHORT = {"n_estimators": 4, "random_steps": 15, "update_steps": 15}
TREE = DecisionTreeClassifier(max_depth=3)


@pytest.fixture(scope="module")
def fitted():
    X, y = table(1)
    return MetaSampler(TREE, state="task", action="mu-ratio", **SHORT).fit(
        {"numbers": table(0), "words": (X, np.array(["no", "yes"])[y])}
    )


def test_what_was_learned_is_saved_loaded_and_used(fitted, tmp_path):
    """The loaded sampler says the same, knows its layout, and grows an ensemble."""
    loaded = MetaSampler.load(fitted.save(tmp_path / "a.safetensors"))
    states = np.random.default_rng(0).random((5, fitted.policy_.state.size))
    np.testing.assert_array_equal(fitted.predict(states), loaded.predict(states))
    assert (loaded.state, loaded.action) == ("task", "mu-ratio")
    assert loaded.episodes_["task"][:2] == ["numbers", "words"]
    assert len(grown(loaded.as_policy()).members) == 4


def test_parameters_are_those_of_an_estimator_of_scikit_learn():
    """It can be cloned, and a clone has learned nothing."""
    sampler = clone(MetaSampler(TREE, sigma=0.3))
    assert sampler.get_params()["sigma"] == 0.3
    with pytest.raises(NotFittedError, match="has learned nothing"):
        sampler.predict(np.zeros(10))


def test_the_default_learner_and_a_single_table_will_do(monkeypatch):
    """LightGBM on one table, given as a task, and judged on another."""
    given = []

    def spy(n_drawn):
        given.append(default_learner(n_drawn))
        return given[-1]

    home = "trimtab.ensembles.default_learner.default_learner"
    monkeypatch.setattr(home, spy)
    steps = {"n_estimators": 3, "random_steps": 4, "update_steps": 2}
    sampler = MetaSampler(evaluate_every=6, n_evaluations=1, **steps)
    sampler.fit(Task("made", *table(n_rows=100)), evaluation_tasks={"b": table(2)})
    assert {type(learner) for learner in given} == {LGBMClassifier}
    assert sampler.episodes_["task"] == ["made"] * 3
    assert [set(one["scores"]) for one in sampler.evaluations_] == [{"b"}]
    assert sampler.predict(np.zeros(10)).shape == (1,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"state": "pixels"}, "no state 'pixels'"),
        ({"action": "nu"}, "no action space 'nu'"),
        ({"metric": "avarage_precision"}, "did you mean 'average_precision'"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"task_order": "x"}, "no task_order 'x'"),
        ({"n_envs": 0}, "n_envs is 0"),
        ({"n_iter_no_change": 3}, "evaluate_every is None"),
        ({"update_steps": 0}, "update_steps is 0"),
        ({"sac_options": {"gama": 1}}, "did you mean 'gamma'"),
        ({"random_state": None}, "random_state is None: give a whole number"),
        ({"random_state": -1}, "random_state is -1: give a whole number"),
        ({"n_envs": "two"}, "n_envs is 'two': give a whole number"),
        ({"evaluate_every": 2.5}, "evaluate_every is 2.5"),
        ({"max_rows": 0}, "max_rows is 0"),
        ({"n_jobs": 0}, "n_jobs is 0"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(parameters, message):
    """Before anything is learned, by name."""
    with pytest.raises(InputError, match=message):
        MetaSampler(TREE, **{**SHORT, **parameters}).fit({"a": table()})


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({}, "tasks is empty"),
        ([], "tasks is empty"),
        ({"a": 3}, "tasks has a int as 'a': give a pair"),
        ({"a": np.zeros((9, 2))}, "tasks has a ndarray as 'a': give a pair"),
    ],
)
def test_what_is_no_table_is_refused(tasks, message):
    """Nothing to learn on, and tables without labels."""
    with pytest.raises(InputError, match=message):
        MetaSampler(TREE, **SHORT).fit(tasks)


def test_no_jobs_are_one_job(monkeypatch):
    """None means 1, as in scikit-learn: no process is started."""
    from trimtab.meta_sampler import soft_actor_critic

    monkeypatch.delattr(soft_actor_critic, "SubprocVecEnv")
    none, one = (
        MetaSampler(TREE, n_envs=2, n_jobs=n, **SHORT).fit({"a": table()})
        for n in (None, 1)
    )
    assert len(none.episodes_["task"]) == 10  # of three steps each, thirty in all
    assert none.episodes_ == one.episodes_
    states = np.random.default_rng(0).random((5, 10))
    np.testing.assert_array_equal(none.predict(states), one.predict(states))


def test_the_default_learner_is_given_what_it_reads():
    """Whole numbers in a sparse matrix are made floats; text is refused by name."""
    X, y = table(n_rows=100)
    sampler = MetaSampler(n_estimators=3, random_steps=4, update_steps=2)
    sampler.fit({"counts": (csr_array((X * 3).astype(int)), y)})
    text = pl.DataFrame(X).with_columns(pl.lit("a").alias("word"))

    with pytest.raises(InputError, match="column 'word' of X is of type String"):
        sampler.fit({"text": (text, y)})


def test_a_checkpoint_wants_a_folder(tmp_path):
    """One that is there."""
    with pytest.raises(InputError, match="there is no folder"):
        MetaSampler(TREE).fit({"a": table()}, checkpoint=tmp_path / "no" / "c")


def test_numbers_of_numpy_are_as_good_as_others(tmp_path):
    """They come out of a grid or a table, and go into the file."""
    steps = dict.fromkeys(("random_steps", "update_steps", "evaluate_every"), 6)
    counts = {"n_estimators": 3, "n_envs": 2, "n_bins": 4, **steps}
    parameters = {name: np.int64(value) for name, value in counts.items()}
    sampler = MetaSampler(TREE, sigma=np.float32(0.25), **parameters)
    checkpoint = tmp_path / "checkpoint"
    sampler.fit({"a": table()}, checkpoint=checkpoint)

    loaded = MetaSampler.load(sampler.save(tmp_path / "a.safetensors"))
    assert loaded.get_params()["n_bins"] == 4
    assert loaded.get_params()["sigma"] == 0.25
    assert loaded.policy_.about["training"]["n_estimators"] == 3


def test_class_weights_are_by_label_on_each_table():
    """Members are given codes, and the user has labels."""
    X, y = table()
    words = np.where(y == 1, "fraud", "ok")
    learner = DecisionTreeClassifier(class_weight={"fraud": 2.0, "ok": 1.0})
    MetaSampler(learner, **SHORT).fit({"words": (X, words)})
    with pytest.raises(InputError, match="weight for the class 'fraud'"):
        MetaSampler(learner, **SHORT).fit({"words": (X, words), "numbers": (X, y)})


def test_a_lightgbm_of_the_users_reads_sparse_counts():
    """As the default one does: what it learns is what it learns of the dense ones."""
    X, y = table()
    learner = LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1)
    counts = np.abs(X * 3).astype(int)
    thin, dense = (
        MetaSampler(learner, **SHORT).fit({"counts": (rows, y)})
        for rows in (csr_array(counts), counts.astype(float))
    )
    assert len(set(thin.episodes_["score"])) > 1
    assert thin.episodes_ == dense.episodes_
