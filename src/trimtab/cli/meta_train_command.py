"""``trimtab meta-train``: a policy for MESA, learned on tables of one's own."""

# SPDX-License-Identifier: BSD-3-Clause

from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trimtab.cli.options import (
    EngineChoice,
    EngineName,
    Scheduler,
    is_file,
    load_table,
    resumable,
)
from trimtab.exceptions import InputError

if TYPE_CHECKING:
    from trimtab.meta_sampler.sampler import MetaSampler
    from trimtab.meta_sampler.tasks import Task

__all__ = ["meta_train"]


def meta_train(
    tables: Annotated[
        list[str], typer.Argument(help="Data sets by name, or CSV or Parquet files.")
    ],
    out: Annotated[
        Path, typer.Option(help="The file for what is learned (safetensors).")
    ],
    target: Annotated[
        str | None, typer.Option(help="The column to predict (for files).")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            help="The base learner: a method's name, see `trimtab methods`, or "
            "decision-tree.",
            show_default="LightGBM for few rows",
        ),
    ] = None,
    n_estimators: Annotated[
        int, typer.Option("--n-estimators", "-k", help="Members of each ensemble.")
    ] = 10,
    metric: Annotated[
        str, typer.Option(help="The measure to raise.")
    ] = "average_precision",
    state: Annotated[
        str,
        typer.Option(
            help="What the policy sees: errors (the paper's), task, or training."
        ),
    ] = "errors",
    action: Annotated[
        str,
        typer.Option(help="What it decides: mu, mu-ratio or mu-ratio-sigma."),
    ] = "mu",
    random_steps: Annotated[
        int, typer.Option(help="Steps of random actions at first.")
    ] = 500,
    update_steps: Annotated[
        int, typer.Option(help="Steps after them, each with an update.")
    ] = 1000,
    max_rows: Annotated[
        int | None, typer.Option(help="Rows that an episode takes of a larger table.")
    ] = None,
    row_cost: Annotated[
        float, typer.Option(help="What a member on all rows costs, as a gain in score.")
    ] = 0.0,
    evaluate_every: Annotated[
        int | None,
        typer.Option(help="Judge the policy after so many steps; keep the best."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many evaluations without a better one."),
    ] = None,
    n_envs: Annotated[int, typer.Option(help="Ensembles that grow side by side.")] = 1,
    n_jobs: Annotated[
        int, typer.Option("--n-jobs", help="Above 1, each of them has a process.")
    ] = 1,
    engine: EngineChoice = EngineName.local,
    scheduler: Scheduler = None,
    seed: Annotated[int, typer.Option(help="Decides every random draw.")] = 0,
    resume: Annotated[
        bool, typer.Option(help="Go on with a run that was stopped.")
    ] = True,
) -> None:
    """Learn a policy for MESA on one table or several.

    The file that it writes is used by MESAClassifier(meta_sampler=FILE) on any other
    table. Stopped, it goes on where it was when it is started again.
    """
    from trimtab.files import check_writable
    from trimtab.meta_sampler.sampler import MetaSampler

    sampler = MetaSampler(
        n_estimators=n_estimators,
        metric=metric,
        state=state,
        action=action,
        random_steps=random_steps,
        update_steps=update_steps,
        max_rows=max_rows,
        row_cost=row_cost,
        evaluate_every=evaluate_every,
        n_iter_no_change=patience,
        n_envs=n_envs,
        n_jobs=n_jobs,
        engine=engine.value,
        scheduler=scheduler,
        random_state=seed,
        verbose=True,
    )
    if patience is not None and evaluate_every is None:
        raise InputError(
            f"--patience is {patience} and nothing is evaluated: say after how many "
            "steps, --evaluate-every"
        )
    if target is not None and not any(map(is_file, tables)):
        raise InputError(f"--target {target} is for files, and there is none")
    if out.is_dir():
        raise InputError(f"{str(out)!r} is a folder: give --out a file in it")
    check_writable(out.parent)
    tasks = [_task(table, target, base, seed) for table in tables]
    out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = out.with_name(f"{out.name}.checkpoint")
    if not resume:
        checkpoint.unlink(missing_ok=True)
    with resumable():
        sampler.fit(tasks, checkpoint=checkpoint)
    sampler.save(out)
    _tell(sampler, out)


def _task(table: str, target: str | None, base: str | None, seed: int) -> "Task":
    """Return a table with the base learner that suits its columns."""
    from trimtab.meta_sampler.tasks import Task

    X, y, name, column, _ = load_table(table, target if is_file(table) else None)
    if base is None and not hasattr(X, "columns"):
        return Task(name, X, y)
    from trimtab.benchmark.methods import get_method
    from trimtab.benchmark.methods.preparation import chain, dense, native
    from trimtab.benchmark.methods.table_description import table_info
    from trimtab.ensembles.default_learner import default_learner
    from trimtab.tables import encode_labels

    info = table_info(X, encode_labels(y, name=column))
    if base is None:
        learner: Any = partial(_prepared, native(info), default_learner)
    elif base == "decision-tree":
        from sklearn.tree import DecisionTreeClassifier

        learner = chain(dense(info), DecisionTreeClassifier(random_state=seed))
    else:
        learner = get_method(base).build(info, seed)
    return Task(name, X, y, estimator=learner)


def _prepared(steps: list[Any], make: Any, n_drawn: int) -> Any:
    """Return a learner for so many rows behind steps that prepare them."""
    from sklearn.base import clone

    from trimtab.benchmark.methods.preparation import chain

    return chain([clone(step) for step in steps], make(n_drawn))


def _tell(sampler: "MetaSampler", out: Path) -> None:
    """Print what was learned, by the last quarter of each table's episodes."""
    episodes = sampler.episodes_
    if not episodes:
        print("no episode came to its end: give more --update-steps")
        episodes = {"task": []}
    for name, n_episodes in Counter(episodes["task"]).items():
        mine = [i for i, task in enumerate(episodes["task"]) if task == name]
        late = mine[-max(1, n_episodes // 4) :]
        first, score, mu, ratio = (
            sum(episodes[key][i] for i in late) / len(late)
            for key in ("first_score", "score", "mu", "ratio")
        )
        print(
            f"{name}: {n_episodes} episodes; lately {first:.3f} by one member, "
            f"{score:.3f} by all, mu {mu:.2f}, ratio {ratio:.1f}"
        )
    print(f"\nThe policy: {out}")
