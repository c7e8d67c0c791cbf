"""Methods of my own for trimtab."""

from sklearn.ensemble import ExtraTreesClassifier

from trimtab.benchmark.methods import TableInfo, method
from trimtab.benchmark.methods.controls import lightgbm_learner
from trimtab.benchmark.methods.preparation import chain, dense, native


def search_extra_trees(trial):
    """Suggest parameters for `extra_trees`."""
    return {"min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 20)}


@method(
    "extra-trees",
    family="own",
    description="Extremely randomised trees with balanced class weights.",
    search_space=search_extra_trees,
)
def extra_trees(info: TableInfo, random_state: int, min_samples_leaf: int = 1):
    """Return 200 extremely randomised trees, on complete numbers."""
    trees = ExtraTreesClassifier(
        200,
        min_samples_leaf=min_samples_leaf,
        class_weight="balanced_subsample",
        random_state=random_state,
    )
    return chain(dense(info), trees)


def needs_two_classes(info: TableInfo):
    """Return why `weights_by_root` cannot be used, or None."""
    return None if info.is_binary else "it weighs one class against one other"


@method(
    "weights-by-root",
    family="own",
    description="LightGBM; rare rows weigh more, by the root of the imbalance.",
    applies=needs_two_classes,
)
def weights_by_root(info: TableInfo, random_state: int):
    """Return LightGBM with moderate weights; it takes categories as they come."""
    weight = (max(info.class_counts) / min(info.class_counts)) ** 0.5
    learner = lightgbm_learner(random_state, class_weight={info.positive: weight})
    return chain(native(info), learner)
