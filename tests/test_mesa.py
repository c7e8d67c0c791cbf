"""MESA: who decides, what is remembered, the contract, and what it is worth."""

# SPDX-License-Identifier: BSD-3-Clause

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from trimtab import InputError, MESAClassifier, UnderSamplingEnsembleClassifier
from trimtab.ensembles.policies import GaussianPolicy
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.sampler import MetaSampler

NAMES = np.array(["common", "rare", "seldom"])
X, CODES = make_classification(
    1200,
    n_features=8,
    n_informative=5,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.8, 0.08],
    class_sep=1.2,
    random_state=3,
)
X_TRAIN, X_TEST, Y_TRAIN, Y_TEST = train_test_split(
    X, NAMES[CODES], stratify=CODES, random_state=0
)
TREE = DecisionTreeClassifier(max_depth=5)


def learned_policy(bias: float = 0.3) -> LearnedPolicy:
    """Make a small policy that looks at the paper's state, as a training would."""
    rng = np.random.default_rng(0)
    return LearnedPolicy(
        (
            (rng.normal(size=(6, 10)).astype(np.float32), np.zeros(6, np.float32)),
            (rng.normal(size=(1, 6)).astype(np.float32), np.float32([bias])),
        )
    )


def mesa(meta_sampler: Any, **parameters: Any) -> MESAClassifier:
    """Give MESA over five trees."""
    options = {"n_estimators": 5, "random_state": 0, **parameters}
    return MESAClassifier(TREE, meta_sampler=meta_sampler, **options)


@parametrize_with_checks(
    [
        MESAClassifier(n_estimators=3),
        MESAClassifier(LogisticRegression(), 3, meta_sampler=learned_policy()),
    ]
)
def test_estimator_contract(estimator: Any, check: Any) -> None:
    """Every check of scikit-learn passes."""
    check(estimator)


def test_the_policy_decides_by_what_it_sees() -> None:
    """From the second member on, mu is the policy's answer to the errors so far."""
    policy = learned_policy()
    model = mesa(policy).fit(X_TRAIN, Y_TRAIN, eval_set=(X_TEST, Y_TEST))
    share_train = np.unique(Y_TRAIN, return_counts=True)[1] / len(Y_TRAIN)
    share_held = np.unique(Y_TEST, return_counts=True)[1] / len(Y_TEST)

    assert "mu" not in model.history_[0]
    for before, record in zip(model.history_, model.history_[1:], strict=False):
        state = np.concatenate(
            [
                (share @ before[name]).reshape(5, 2).sum(axis=1)
                for share, name in (
                    (share_train, "train_histogram"),
                    (share_held, "held_out_histogram"),
                )
            ]
        )
        assert record["mu"] == pytest.approx((policy.act(state)[0] + 1) / 2, abs=1e-5)


@pytest.mark.parametrize("kind", ["policy", "meta-sampler", "path", "text"])
def test_a_learned_policy_comes_in_many_ways(kind: str, tmp_path: Path) -> None:
    """An object, a fitted meta-sampler, a file's path and its text mean the same."""
    policy = learned_policy()
    path = policy.save(tmp_path / "learned.safetensors")
    ways = {
        "policy": policy,
        "meta-sampler": MetaSampler.load(path),
        "path": path,
        "text": str(path),
    }
    wanted = mesa(policy).fit(X_TRAIN, Y_TRAIN).predict_proba(X_TEST)
    model = mesa(ways[kind]).fit(X_TRAIN, Y_TRAIN)

    np.testing.assert_array_equal(model.predict_proba(X_TEST), wanted)


def test_clones_keep_what_a_meta_sampler_has_learned(tmp_path: Path) -> None:
    """Cross-validation and grid search fit clones, which are given the same one."""
    sampler = MetaSampler.load(learned_policy().save(tmp_path / "one.safetensors"))
    model = mesa(sampler)

    assert clone(model).meta_sampler is sampler
    assert (cross_val_score(model, X, NAMES[CODES], cv=3) > 0.5).all()
    search = GridSearchCV(model, {"n_estimators": [2, 3]}, cv=2)
    assert search.fit(X_TRAIN, Y_TRAIN).best_estimator_.meta_sampler is sampler


def test_under_any_policy_it_is_the_ensemble_of_that_policy() -> None:
    """The controls differ from MESA by their policy alone."""
    policy = GaussianPolicy(0.7)
    control = UnderSamplingEnsembleClassifier(
        TREE, policy, n_estimators=5, validation_fraction=0.25, random_state=0
    )
    wanted = control.fit(X_TRAIN, Y_TRAIN).predict_proba(X_TEST)
    model = mesa(policy).fit(X_TRAIN, Y_TRAIN)

    np.testing.assert_array_equal(model.predict_proba(X_TEST), wanted)
    assert model.policy_ is policy


def test_default_works_as_it_comes() -> None:
    """Text labels of three classes, LightGBM on small draws, the policy that ships."""
    model = MESAClassifier(random_state=0).fit(X_TRAIN, Y_TRAIN)

    assert isinstance(model.policy_, LearnedPolicy)
    assert balanced_accuracy_score(Y_TEST, model.predict(X_TEST)) > 0.6
    assert len(model.estimators_) == len(model.history_) == 10


def test_the_shipped_policy_says_where_it_comes_from() -> None:
    """Its card names the tables it was learned on: none of the paper's four."""
    policy = MESAClassifier(n_estimators=2).fit(X_TRAIN, Y_TRAIN).policy_
    names = {task["name"] for task in policy.about["tasks"]}

    assert len(names) == 14
    assert not names & {"optical_digits", "spectrometer", "isolet", "mammography"}
    assert {"training", "versions"} <= set(policy.about)


def test_nothing_is_held_out_for_a_policy_that_does_not_look_at_it() -> None:
    """The shipped one leaves all rows to the members, unless a share is asked for."""
    rare = min(np.unique(Y_TRAIN, return_counts=True)[1])
    drawn = {
        share: mesa("pretrained", validation_fraction=share)
        .fit(X_TRAIN, Y_TRAIN)
        .history_[0]["rows_per_class"]
        .min()
        for share in ("auto", 0.25)
    }
    looking = mesa(learned_policy()).fit(X_TRAIN, Y_TRAIN).history_[0]

    assert drawn["auto"] == rare
    assert drawn[0.25] == looking["rows_per_class"].min() == rare - round(rare / 4)


def test_train_learns_on_this_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy with the asked-for bins and sigma is learned, and can be saved."""
    pytest.importorskip("stable_baselines3", reason="needs: pip install trimtab[meta]")
    short = dict.fromkeys(("random_steps", "update_steps"), 20)
    fit = MetaSampler.fit
    monkeypatch.setattr(
        MetaSampler, "fit", lambda self, *args: fit(self.set_params(**short), *args)
    )
    model = mesa("train", n_bins=4, sigma=0.3).fit(X_TRAIN, Y_TRAIN)
    again = mesa("train", n_bins=4, sigma=0.3).fit(X_TRAIN, Y_TRAIN)
    path = model.policy_.save(tmp_path / "mine.safetensors")

    # The paper's reward is the change of the metric, as it is.
    assert model.policy_.about["training"]["reward_scaling"] == "none"
    assert (model.policy_.state.n_bins, model.policy_.action.sigma) == (4, 0.3)
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))
    assert mesa(path).fit(X_TRAIN, Y_TRAIN).history_[1]["sigma"] == 0.3


def test_train_keeps_class_weights_by_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """The meta-sampler sees codes, and each class has the weight of its label."""
    pytest.importorskip("stable_baselines3", reason="needs: pip install trimtab[meta]")
    seen = []

    def spy(self: MetaSampler, _: Any) -> MetaSampler:
        seen.append(self.estimator.class_weight)
        return self

    monkeypatch.setattr(MetaSampler, "fit", spy)
    monkeypatch.setattr(MetaSampler, "as_policy", lambda _: GaussianPolicy())
    labels = np.where(np.isin(Y_TRAIN, Y_TRAIN[:1]), 1, 2)
    tree = DecisionTreeClassifier(max_depth=2, class_weight={1: 100.0, 2: 3.0})
    mesa("train").set_params(estimator=tree).fit(X_TRAIN, labels)

    assert seen == [{0: 100.0, 1: 3.0}]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"meta_sampler": "trian"}, "'trian', and there is no such file: give 'pretr"),
        ({"meta_sampler": "no.safetensors"}, "there is no file 'no.safetensors'"),
        ({"meta_sampler": Path(__file__).parent}, "is a folder: give the file"),
        ({"meta_sampler": 3}, "meta_sampler is 3: give 'pretrained', 'train'"),
        ({"meta_sampler": GaussianPolicy}, "meta_sampler is <class"),
        ({"meta_sampler": MetaSampler()}, "has learned nothing"),
        ({"validation_fraction": None}, "'validation_fraction' parameter"),
        ({"sigma": 0}, "'sigma' parameter"),
    ],
)
def test_mistakes_have_a_clear_message(
    parameters: dict[str, Any], message: str
) -> None:
    """What is wrong, and mostly what to do; nothing is left half-fitted."""
    model = mesa(**{"meta_sampler": GaussianPolicy(), **parameters})

    with pytest.raises((InputError, ValueError), match=message):
        model.fit(X_TRAIN, Y_TRAIN)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_a_policy_file_is_not_run(tmp_path: Path) -> None:
    """What is no meta-sampler is refused by its content."""
    path = tmp_path / "evil.safetensors"
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")

    with pytest.raises(InputError, match=r"evil.safetensors"):
        mesa(path).fit(X_TRAIN, Y_TRAIN)
