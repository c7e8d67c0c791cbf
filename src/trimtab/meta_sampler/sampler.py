"""A meta-sampler: learned on tables, saved as one file, used on any other table."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Mapping
from dataclasses import replace
from numbers import Integral
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from trimtab.cluster.engine import Engine
from trimtab.ensembles.held_out_score import METRICS, Metric
from trimtab.exceptions import InputError, MissingExtraError, nearest_names
from trimtab.lightgbm_tables import as_lightgbm_likes, is_lightgbm
from trimtab.meta_sampler.action import ActionSpace
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.meta_sampler.state import StateLayout
from trimtab.meta_sampler.tasks import EpisodeRules, Task, as_tasks

__all__ = ["MetaSampler"]


class MetaSampler(BaseEstimator):  # type: ignore[misc]
    """Learns how an ensemble's members should be given their rows.

    Soft actor-critic plays episodes of ensemble training: it sees how the ensemble errs
    on training and held-out rows and decides at which error the next member's rows are
    drawn (Liu et al., "MESA: Boost Ensemble Imbalanced Learning with MEta-Sampler",
    NeurIPS 2020, Algorithm 3). What it learned is not bound to a table: a meta-sampler
    can be saved and used on others.

    Learning needs the extra ``meta`` (gymnasium and stable-baselines3). Loading and
    using what was learned does not.

    Parameters
    ----------
    estimator : classifier or callable, default=None
        The base learner of the ensembles. A callable is given the number of rows drawn
        and returns an unfitted classifier. By default LightGBM with leaves that
        suit so few rows; the paper took decision trees.
    n_estimators : int, default=10
        Members of each ensemble.
    metric : str or callable, default="average_precision"
        What is to be raised on held-out rows.
    state : {"errors", "task", "training"}, default="errors"
        What the policy sees, see `StateLayout`: the paper's state, or ours, which tell
        tasks apart, ``"training"`` without held-out rows.
    action : {"mu", "mu-ratio", "mu-ratio-sigma"}, default="mu"
        What it decides, see `ActionSpace`.
    n_bins : int, default=5
        Bins of each error histogram.
    sigma : float, default=0.2
        Width of the Gaussian that rows are drawn by.
    validation_fraction : float, default=0.25
        The share of each class that is held out, anew in each episode.
    max_rows : int or None, default=None
        Each episode takes so many rows of a larger table.
    reward_scaling : {"headroom", "none"}, default="headroom"
        Whether rewards are divided by what could be won on a table, so that tables
        count alike; the paper's are not. See `EpisodeRules`.
    reward_coefficient : float, default=100.0
        What a reward is multiplied by. Less weighs the entropy more: the policy
        explores longer and is slower to settle at a border.
    row_cost : float, default=0.0
        What drawing as many rows as there are takes off a reward. Above 0 the policy
        learns to save rows where they do not pay.
    random_steps : int, default=500
        Steps of random actions at first.
    update_steps : int, default=1000
        Steps after them, with an update of the networks each.
    sac_options : dict, default=None
        Further settings of `SACSettings`, such as ``{"learning_rate": 3e-4}``.
    task_order : {"round-robin", "random"}, default="round-robin"
        Which table comes next.
    n_envs : int, default=1
        Ensembles that grow side by side, a step of each at a time.
    evaluate_every : int or None, default=None
        Steps after which the policy is judged on splits that it does not learn from;
        the best is kept. By default it is not judged and the last is kept.
    n_evaluations : int, default=5
        Ensembles of each table that it is judged by.
    n_iter_no_change : int or None, default=None
        Evaluations without a better one after which training stops.
    n_jobs : int or None, default=1
        Other than 1 or None, each environment has a process, and a script needs
        ``if __name__ == "__main__"``. The result is the same.
    engine : {"local", "dask", "ray"}, default="local"
        Where ensembles grow: here, or on the workers of a cluster, side by side those
        of a step and those that judge a policy. The result is the same.
    scheduler : str, default=None
        The address of the cluster, ``tcp://host:8786`` for Dask, ``host:6379`` for Ray.
    random_state : int, default=0
        Decides everything.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    policy_ : LearnedPolicy
        What was learned.
    episodes_ : dict of str to list
        The history, an entry an episode: ``step``, ``task``, ``first_score`` (of the
        first member), ``score`` (of the ensemble), the means of ``mu`` and ``ratio``,
        and ``rows`` drawn in all.
    evaluations_ : list of dict
        An entry an evaluation: ``step``, ``score``, and ``scores`` by table.

    See Also
    --------
    trimtab.meta_sampler.policy.LearnedPolicy : What is learned.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> table = make_classification(300, weights=[0.9], random_state=0)
    >>> sampler = MetaSampler(n_estimators=4, random_steps=20, update_steps=20)
    >>> sampler = sampler.fit({"made": table})  # doctest: +SKIP
    >>> sampler.save("made.safetensors")  # doctest: +SKIP
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int = 10,
        metric: Metric = "average_precision",
        state: str = "errors",
        action: str = "mu",
        n_bins: int = 5,
        sigma: float = 0.2,
        validation_fraction: float = 0.25,
        max_rows: int | None = None,
        reward_scaling: str = "headroom",
        reward_coefficient: float = 100.0,
        row_cost: float = 0.0,
        random_steps: int = 500,
        update_steps: int = 1000,
        sac_options: dict[str, Any] | None = None,
        task_order: str = "round-robin",
        n_envs: int = 1,
        evaluate_every: int | None = None,
        n_evaluations: int = 5,
        n_iter_no_change: int | None = None,
        n_jobs: int | None = 1,
        engine: str = "local",
        scheduler: str | None = None,
        random_state: int = 0,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.metric = metric
        self.state = state
        self.action = action
        self.n_bins = n_bins
        self.sigma = sigma
        self.validation_fraction = validation_fraction
        self.max_rows = max_rows
        self.reward_scaling = reward_scaling
        self.reward_coefficient = reward_coefficient
        self.row_cost = row_cost
        self.random_steps = random_steps
        self.update_steps = update_steps
        self.sac_options = sac_options
        self.task_order = task_order
        self.n_envs = n_envs
        self.evaluate_every = evaluate_every
        self.n_evaluations = n_evaluations
        self.n_iter_no_change = n_iter_no_change
        self.n_jobs = n_jobs
        self.engine = engine
        self.scheduler = scheduler
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self, tasks: Any, *, evaluation_tasks: Any = (), checkpoint: Any = None
    ) -> Self:
        """Learn on tables.

        Parameters
        ----------
        tasks : mapping of str to (X, y), Task, or iterable of Task
            The tables. Labels of any type; the smallest class is of interest.
        evaluation_tasks : same, default=()
            Tables to judge the policy on; by default those it learns on.
        checkpoint : str or Path, default=None
            A file that keeps the state of the run. Where it is there, the run goes on
            from it, and ends as if it had never stopped.

        Returns
        -------
        MetaSampler
            Itself.

        Raises
        ------
        InputError
            Where a parameter or a table cannot be used.
        MissingExtraError
            Where gymnasium or stable-baselines3 is not installed.
        """
        training = self._training(as_tasks(tasks), evaluation_tasks)
        from trimtab.meta_sampler.meta_training import meta_train

        path = None if checkpoint is None else Path(checkpoint)
        if path is not None and not path.parent.is_dir():
            raise InputError(f"there is no folder {str(path.parent)!r}: make it first")
        policy = meta_train(training, checkpoint=path, progress=self.verbose)
        self._take(policy)
        return self

    def _training(self, tasks: Any, evaluation_tasks: Any) -> Any:
        """Return the run that the parameters describe."""
        self._check()
        given = SimpleNamespace(**_plain(self.get_params(deep=False)))
        state = StateLayout(given.state, given.n_bins)
        action = ActionSpace(given.action, given.sigma)
        rules = EpisodeRules(
            _default_learner() if given.estimator is None else given.estimator,
            given.n_estimators,
            given.metric,
            given.validation_fraction,
            given.max_rows,
            given.reward_coefficient,
            given.reward_scaling,
            given.row_cost,
        )
        try:
            from trimtab.meta_sampler import meta_training as room
            from trimtab.meta_sampler.soft_actor_critic import SACSettings
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            if library not in {"gymnasium", "stable_baselines3"}:
                raise
            raise MissingExtraError(library, "meta") from None
        judged_on = as_tasks(evaluation_tasks) if evaluation_tasks else []
        tasks, judged_on = (
            [_as_learner_likes(task, given.estimator) for task in some]
            for some in (tasks, judged_on)
        )
        options = _plain(given.sac_options or {})
        unknown = set(options) - set(SACSettings.__dataclass_fields__)
        if unknown:
            hint = nearest_names(min(unknown), SACSettings.__dataclass_fields__)
            raise InputError(f"there is no setting {min(unknown)!r} of SAC: {hint}")
        return room.MetaTraining(
            tasks,
            rules,
            state,
            action,
            SACSettings(given.random_steps, given.update_steps, **options),
            room.Evaluation(
                given.evaluate_every,
                given.n_evaluations,
                given.n_iter_no_change,
                judged_on,
            ),
            given.task_order,
            given.n_envs,
            given.n_jobs or 1,
            int(given.random_state),
            engine=Engine(given.engine, given.scheduler),
        )

    def _check(self) -> None:
        if self.task_order not in ("round-robin", "random"):
            raise InputError(
                f"there is no task_order {self.task_order!r}: give 'round-robin' or "
                "'random'"
            )
        if not callable(self.metric) and self.metric not in METRICS:
            hint = nearest_names(str(self.metric), METRICS)
            raise InputError(f"there is no metric {self.metric!r}: {hint}")
        if self.n_iter_no_change is not None and self.evaluate_every is None:
            raise InputError(
                f"n_iter_no_change is {self.n_iter_no_change} but evaluate_every is "
                "None: say after how many steps the policy is judged"
            )
        may_be_none = ("max_rows", "evaluate_every", "n_iter_no_change")
        for name in ("n_envs", "n_evaluations", *may_be_none):
            value = getattr(self, name)
            if value is None and name in may_be_none:
                continue
            if not isinstance(value, Integral) or value < 1:
                raise InputError(f"{name} is {value!r}: give a whole number above 0")
        if self.n_jobs == 0:
            raise InputError("n_jobs is 0: give 1, or -1 for a process each")
        seed: Any = self.random_state
        if not (isinstance(seed, Integral) and 0 <= int(seed) < 2**32):
            raise InputError(
                f"random_state is {seed!r}: give a whole number from 0 to 2**32 - 1"
            )

    def _take(self, policy: LearnedPolicy) -> None:
        self.policy_ = policy
        self.episodes_ = policy.about.get("episodes", {})
        self.evaluations_ = policy.about.get("evaluations", [])

    def as_policy(self) -> LearnedPolicy:
        """Return what was learned, as a policy of an ensemble."""
        if not hasattr(self, "policy_"):
            raise NotFittedError(
                "this MetaSampler has learned nothing: call fit, or MetaSampler.load; "
                "where a search clones it, give as_policy() in its place"
            )
        return self.policy_

    def predict(self, state: ArrayLike) -> NDArray[np.float32]:
        """Return the actions of states.

        Parameters
        ----------
        state : array-like of shape (state size,) or (n, state size)
            What the policy sees, see `StateLayout.observe`.

        Returns
        -------
        ndarray of float32 of shape (action size,) or (n, action size)
            In [-1, 1]; `ActionSpace.decode` says what they mean.
        """
        return self.as_policy().act(state)

    def save(self, path: str | Path) -> Path:
        """Write what was learned to one safetensors file.

        Parameters
        ----------
        path : str or Path
            The file; one that is there is replaced.

        Returns
        -------
        Path
            The file.
        """
        return self.as_policy().save(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return a meta-sampler that was saved. Nothing in the file is executed.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        MetaSampler
            With the parameters that say what the policy sees and decides.

        Raises
        ------
        InputError
            Where the file cannot be used; see `LearnedPolicy.load`.
        """
        policy = LearnedPolicy.load(path)
        sampler = cls(
            metric=policy.metric,
            state=policy.state.name,
            action=policy.action.name,
            n_bins=policy.state.n_bins,
            sigma=policy.action.sigma,
        )
        sampler._take(policy)
        return sampler


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with NumPy's numbers as Python's, which a file can hold."""
    return {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in parameters.items()
    }


def _default_learner() -> Any:
    from trimtab.ensembles.default_learner import default_learner

    return default_learner


def _as_learner_likes(task: Task, learner: Any) -> Task:
    """Return a task whose table its learner reads, where that is a LightGBM."""
    own = learner if task.estimator is None else task.estimator
    if own is None or is_lightgbm(own):
        return replace(task, X=as_lightgbm_likes(task.X))
    return task
