"""Ensemble training as an environment of reinforcement learning."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from sklearn.tree import DecisionTreeClassifier
from stable_baselines3.common.env_checker import check_env as check_for_sb3

from tests.meta_sampler.conftest import table
from trimtab import InputError
from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.environment import EnsembleEnv
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import EpisodeRules, Task, as_tasks

TREE = DecisionTreeClassifier(max_depth=3)


def episode(env, actions, **reset):
    """Play one episode; return states, rewards and the last info."""
    state, _ = env.reset(**reset)
    states, rewards = [state], []
    for action in actions:
        state, reward, terminated, truncated, info = env.step(
            np.full(env.action_space.shape, action, np.float32)
        )
        states.append(state)
        rewards.append(reward)
        assert not truncated
    assert terminated
    return np.array(states), rewards, info


@pytest.mark.parametrize("state", ["errors", "task"])
@pytest.mark.parametrize("action", ["mu", "mu-ratio-sigma"])
def test_it_is_an_environment_as_both_libraries_want_it(task, rules, state, action):
    """The checkers of gymnasium and of stable-baselines3 find nothing."""
    env = EnsembleEnv([task], rules, StateLayout(state), ActionSpace(action))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
        check_for_sb3(env)


def test_an_episode_ends_with_the_last_member(task, rules):
    """Four members are three decisions; only the last step is terminal."""
    env = EnsembleEnv([task], rules)
    env.reset(seed=0)
    ends = [env.step(env.action_space.sample())[2] for _ in range(3)]
    assert ends == [False, False, True]
    assert len(env.cascade.members) == 4


def test_rewards_add_up_to_what_the_ensemble_gained(task):
    """Undiscounted and unscaled, they are the change of the metric, times 100."""
    rules = EpisodeRules(TREE, n_estimators=5, reward_scaling="none")
    _, rewards, info = episode(EnsembleEnv([task], rules), [0.5] * 4, seed=1)
    gained = 100 * (info["score"] - info["first_score"])
    assert sum(rewards) == pytest.approx(gained)


def test_headroom_and_row_cost_change_the_reward_as_documented(task):
    """The gain over what was left to be won, less the share of rows drawn."""
    paper = EpisodeRules(TREE, n_estimators=3, reward_scaling="none")
    ours = EpisodeRules(TREE, n_estimators=3, row_cost=0.1, reward_coefficient=1.0)
    space = ActionSpace("mu-ratio")
    plain, scaled = (
        episode(EnsembleEnv([task], rules, action=space), [1, 1], seed=1)
        for rules in (paper, ours)
    )
    headroom = 1 - plain[2]["first_score"]
    expected = [reward / 100 / headroom - 0.1 for reward in plain[1]]  # all rows drawn
    np.testing.assert_allclose(scaled[1], expected)


def test_the_coefficient_is_of_gain_and_row_cost_alike():
    """100 times: 0.1 of a headroom of 0.5, less a tenth of the half of the rows."""
    scores = (0.5, 0.5, 0.6)
    records = [
        {"held_out_score": score, "rows_per_class": np.array([30, 20])}
        for score in scores
    ]
    cascade = SimpleNamespace(
        records=records, round=SimpleNamespace(codes=np.zeros(100))
    )
    reward = EpisodeRules(TREE, row_cost=0.1).reward(cascade)
    assert reward == pytest.approx(100 * (0.2 - 0.05))


def test_a_ratio_lies_between_balance_and_all_rows(task, rules):
    """An action of 0 is half the way, in logarithms: the root of the imbalance."""
    env = EnsembleEnv([task], rules, action=ActionSpace("mu-ratio"))
    env.reset(seed=0)
    largest, smallest = sorted(env.cascade.round.class_counts)[::-1]
    env.step(np.zeros(2, np.float32))
    ratio = env.cascade.records[-1]["notes"]["ratio"]
    assert ratio == pytest.approx(np.sqrt(largest / smallest))


def test_an_episode_depends_on_seed_and_number_alone(task, rules):
    """So that a run can be resumed at any episode; others differ."""
    env = EnsembleEnv([task], rules)
    first = episode(env, [0.1] * 3, seed=3)
    second = episode(env, [0.1] * 3)
    again = EnsembleEnv([task], rules)
    again.reset(seed=3)
    resumed = episode(again, [0.1] * 3, options={"episode": 1})
    np.testing.assert_array_equal(second[0], resumed[0])
    assert second[1] == resumed[1]
    assert not np.array_equal(first[0], second[0])


def test_tables_take_turns_also_over_several_environments(rules):
    """Two environments share the episodes: no table is left out."""
    tasks = [Task(name, *table(seed)) for seed, name in enumerate("abc")]
    order = []
    for first in range(2):
        env = EnsembleEnv(tasks, rules, first=first, stride=2)
        env.reset(seed=0)
        order.append([env.reset()[1]["task"] for _ in range(3)])
    assert order == [["c", "b", "a"], ["a", "c", "b"]]
    drawn = EnsembleEnv(tasks, rules, task_order="random")
    drawn.reset(seed=0)
    assert {drawn.reset()[1]["task"] for _ in range(30)} == set("abc")


def test_a_large_table_is_used_in_parts_in_proportion():
    """Each episode takes other rows; a rare class keeps 20 where it has them."""
    X, y = table(n_rows=2000, rare=0.03)
    rules = EpisodeRules(TREE, max_rows=200)
    task = Task("large", X, y)
    counts = np.bincount(y)
    one, two = (rules.start(task, np.random.default_rng(s)) for s in (0, 1))
    held = np.bincount(one.round.held_out_codes)
    assert (one.round.class_counts + held).tolist() == [round(counts[0] / 10), 20]
    assert one.score != two.score


def test_rows_to_measure_on_can_be_given(rules):
    """Then they are those of every episode, and are never drawn."""
    X, y = table()
    held = np.arange(0, 240, 4)
    cascade = rules.start(Task("fixed", X, y, held), np.random.default_rng(0))
    assert cascade.round.held_out_codes.tolist() == y[held].tolist()
    assert len(cascade.round.codes) == 180


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Task("few", [[0]] * 9, [0] * 6 + [1] * 3), "few has a class with 3"),
        (lambda: Task("one", [[0]] * 9, [0] * 9), "the target of one has one class"),
        (lambda: as_tasks([]), "tasks is empty"),
        (lambda: as_tasks([1]), "tasks holds a int"),
        (lambda: EpisodeRules(TREE, n_estimators=1), "n_estimators is 1"),
        (lambda: EpisodeRules(TREE, reward_scaling="x"), "no reward scaling 'x'"),
    ],
)
def test_what_cannot_be_played_is_refused(make, message):
    """The message names the table or the value."""
    with pytest.raises(InputError, match=message):
        make()
