"""A neural network as a scikit-learn classifier, under any draw and loss."""

# SPDX-License-Identifier: BSD-3-Clause

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from torch import nn

from trimtab.exceptions import InputError, check_count, check_flag
from trimtab.fit_arguments import check_weight
from trimtab.losses import Loss
from trimtab.sampling.draw import Draw
from trimtab.sampling.priors import corrected
from trimtab.synthesis.made_batches import Synthesis
from trimtab.training.device_rows import DeviceRows, as_inputs
from trimtab.training.fit_rows import check_network_inputs, rows_to_fit
from trimtab.training.held_out import ClassMetric
from trimtab.training.replica_classifier import ReplicaClassifier
from trimtab.training.replica_network import ReplicaNetwork
from trimtab.training.shared_run import FitOutcome, FitShare, train_alone
from trimtab.whole_fits import all_or_nothing

__all__ = ["NetworkClassifier", "network_probabilities"]

Inputs = NDArray[np.float32]


class NetworkClassifier(ReplicaClassifier):
    """A neural network, or several whose probabilities are averaged.

    Rows are shown as `draw` decides, `loss` is minimised by AdamW, and held-out rows
    say how each class is recognised, which guides the draw, and when to stop. Inputs
    are taken as they are: put a ``StandardScaler`` in front.

    Parameters
    ----------
    network : nn.Module or callable, default=None
        None is a multi-layer perceptron, see `hidden_layer_sizes`. A callable
        ``network(n_inputs, n_outputs)``, a class for instance, returns a
        ``torch.nn.Module`` that maps rows to one logit per class; it is called once
        per replica. A module is copied, with the weights it has. Both are trained in
        single precision. A callable with a parameter ``seeds`` builds all replicas at
        once, see `trimtab.training.networks`.
    hidden_layer_sizes : sequence of int or int, default=(64,)
        Units of each hidden layer of the perceptron.
    image_shape : sequence of int, default=None
        Where rows are images, or images flattened: ``(height, width)``, or
        ``(channels, height, width)``. A compact convolutional network then stands
        before the hidden layers, see `trimtab.training.networks.StackedCNN`.
    dropout : float in [0, 1), default=0.0
        The share of the perceptron's hidden values that is dropped while training.
    layer_norm : bool, default=False
        Whether the perceptron's hidden layers are normalised.
    draw : str or Draw, default="prior"
        Which rows an epoch shows: ``"prior"`` (all as they are), ``"balanced"``,
        ``"over"``, ``"under"``, ``"effective-number"``, ``"adaptive"`` (ART), or an
        object of `trimtab.sampling.draw`.
    loss : str or Loss, default="cross-entropy"
        A name or an object of `trimtab.losses`.
    sampler : sampler or None, default=None
        A sampler of imbalanced-learn, `SMOTE()` for instance, that resamples the
        training rows once, after the held-out rows were split off; see
        `trimtab.training.resampled_rows`.
    synthesis : {"smote", "msmote", "autosmote"}, Synthesis or None, default=None
        What takes the place of a row that the draw repeats within an epoch: a row made
        of it, see `trimtab.synthesis.in_loop`.
    metric : {"f1", "precision", "recall"} or callable, default="f1"
        What an adaptive draw is told of each class, see
        `trimtab.training.trainer.Trainer`.
    n_replicas : int, default=1
        How many networks are trained side by side; their probabilities are averaged.
    learning_rate_init : float, default=0.001
        Of AdamW, in the first epoch.
    schedule : {"cosine", "constant"}, default="cosine"
        Whether the learning rate falls to 0 along half a cosine over `max_iter` epochs.
    beta_1 : float in [0, 1), default=0.9
        How much of the mean slope of earlier steps AdamW keeps.
    weight_decay : float, default=0.01
        Of AdamW.
    max_iter : int, default=200
        The largest number of epochs.
    batch_size : int, default=64
        Rows of each replica in a step, at most.
    validation_fraction : float in (0, 1), default=0.15
        The share of each class that is held out of training; unused with `eval_set`.
    n_iter_no_change : int or None, default=10
        A replica stops after so many epochs without a better one, see `selection`. It
        always ends with the weights of the best.
    selection : str, default="loss"
        What tells the best epoch on the held-out rows: ``"loss"``, the lowest;
        ``"average-precision"``, the highest, the mean over all classes but the largest;
        ``"macro-f1"``, the highest mean of all classes' F1, and of equal ones the
        lowest loss; or nothing does and it is the ``"last"``.
    correct_prior : bool, default=False
        Whether probabilities are corrected from the class frequencies that were drawn
        to those of the training data, before a `sampler`. It knows of what was drawn
        alone, not of losses that favour rare classes.
    stacked : bool or "auto", default="auto"
        Whether replicas of `network` are stacked and trained as one; ``"auto"``
        stacks where PyTorch can, else trains them in turn.
    device : str, default="auto"
        ``"auto"`` takes CUDA, then MPS, then the CPU.
    amp : bool, default=False
        On CUDA, compute in bfloat16 where that is safe.
    random_state : int, RandomState or None, default=None
        Decides the held-out rows, weights, draws and dropout.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    network_ : ReplicaNetwork
        The trained replicas.
    history_ : list of dict
        One record per epoch and replica: ``epoch``, ``replica``, ``learning_rate``,
        ``class_probabilities`` drawn, ``rows_per_class`` seen, ``train_loss``,
        ``held_out_loss``, ``class_f1`` and ``class_scores`` (of `metric`).
    best_iter_ : ndarray of int of shape (n_replicas,)
        The epoch whose weights each replica has, counted from 1.
    n_iter_ : int
        Epochs of the longest-running replica.
    class_prior_ : ndarray of shape (n_classes,)
        Class frequencies of the training rows, before a `sampler`.
    drawn_priors_ : ndarray of shape (n_replicas, n_classes)
        Class frequencies that each replica was shown up to its best epoch.
    synthesis_ : LearnedSynthesis or None
        What `synthesis` learned, where it is one that learns.
    n_features_in_ : int
        Columns of the table.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Their names, where all are text.

    See Also
    --------
    trimtab.training.trainer.Trainer : The loop behind it.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     NetworkClassifier(draw="balanced", max_iter=10, random_state=0),
    ... )
    >>> model.fit(X, y).score(X, y) > 0.9
    True
    """

    def __init__(
        self,
        network: nn.Module | Callable[..., nn.Module] | None = None,
        *,
        hidden_layer_sizes: Sequence[int] | int = (64,),
        image_shape: Sequence[int] | None = None,
        dropout: float = 0.0,
        layer_norm: bool = False,
        draw: str | Draw = "prior",
        loss: str | Loss = "cross-entropy",
        sampler: Any = None,
        synthesis: str | Synthesis | None = None,
        metric: ClassMetric = "f1",
        n_replicas: int = 1,
        learning_rate_init: float = 0.001,
        schedule: str = "cosine",
        beta_1: float = 0.9,
        weight_decay: float = 0.01,
        max_iter: int = 200,
        batch_size: int = 64,
        validation_fraction: float = 0.15,
        n_iter_no_change: int | None = 10,
        selection: str = "loss",
        correct_prior: bool = False,
        stacked: bool | Literal["auto"] = "auto",
        device: str = "auto",
        amp: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.network = network
        self.hidden_layer_sizes = hidden_layer_sizes
        self.image_shape = image_shape
        self.dropout = dropout
        self.layer_norm = layer_norm
        self.draw = draw
        self.loss = loss
        self.sampler = sampler
        self.synthesis = synthesis
        self.metric = metric
        self.n_replicas = n_replicas
        self.learning_rate_init = learning_rate_init
        self.schedule = schedule
        self.beta_1 = beta_1
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.selection = selection
        self.correct_prior = correct_prior
        self.stacked = stacked
        self.device = device
        self.amp = amp
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        eval_weight: Any = None,
    ) -> Self:
        """Train the replicas.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_columns)
            Finite numbers. Rows may have more axes where `network` takes them, or
            with `image_shape`.
        y : array-like of shape (n_rows,)
            Class labels of any type.
        eval_set : tuple of X and y, default=None
            Held-out rows of one's own, of every class. They guide the training: do
            not report results on them.
        eval_weight : array-like of shape (n_held_out_rows,), default=None
            How many rows each row of `eval_set` stands for.

        Returns
        -------
        self

        Raises
        ------
        InputError
            Where X is not finite, y has one class only, a class is missing from the
            held-out rows or too small to be split, `sampler` cannot work on the
            training rows, or a parameter is out of range.
        """
        with all_or_nothing(self):
            train_alone(self, self.begin_fit(X, y, eval_set, eval_weight))
        return self

    def begin_fit(
        self,
        X: Any,
        y: Any,
        eval_set: tuple[Any, Any] | None = None,
        eval_weight: Any = None,
    ) -> FitShare:
        """Check what `fit` is given and return what there is to train.

        For `trimtab.training.side_by_side`, which trains several estimators at once
        and hands each its part by `end_fit`.
        """
        check_count("n_replicas", self.n_replicas)
        check_count("max_iter", self.max_iter)
        for name in ("layer_norm", "correct_prior", "amp"):
            check_flag(name, getattr(self, name))
        if self.stacked != "auto":
            check_flag("stacked", self.stacked, others='"auto"')
        if eval_weight is not None and eval_set is None:
            raise InputError(
                "eval_weight is given and eval_set is not: give both, or neither"
            )
        rows = rows_to_fit(self, X, y, eval_set)
        if eval_weight is not None:
            eval_weight = check_weight(
                "eval_weight", eval_weight, rows.codes_held, rows.classes
            )
        self.classes_, self.class_prior_ = rows.classes, rows.class_prior
        self._row_shape = rows.X.shape[1:]
        return FitShare(self, rows, eval_weight)

    def end_fit(self, outcome: FitOutcome) -> None:
        """Take over what was trained, see `begin_fit`."""
        self.network_ = outcome.network
        self.history_ = outcome.history
        self.best_iter_ = outcome.best_epochs
        self.synthesis_ = outcome.synthesis
        self.n_iter_ = max(record["epoch"] for record in self.history_)
        seen = outcome.seen
        self.drawn_priors_ = seen / seen.sum(axis=1, keepdims=True)

    def probability_parts(self, X: Any) -> Iterator[NDArray[np.float64]]:
        """Yield the replicas' probabilities, a few rows at once."""
        check_is_fitted(self)
        X = check_network_inputs(self, X)
        if X.shape[1:] != self._row_shape:
            raise InputError(
                f"rows of X have the shape {X.shape[1:]}: give rows of the shape "
                f"{self._row_shape}, as in fit"
            )
        for drawn in network_probabilities(self.network_, X):
            if self.correct_prior:
                yield corrected(drawn, self.class_prior_, self.drawn_priors_)
            else:
                yield drawn / drawn.sum(axis=2, keepdims=True)

    def __getstate__(self) -> dict[str, Any]:
        # A pickle must open where there is no accelerator.
        state: dict[str, Any] = dict(super().__getstate__())
        if "network_" in state:
            state["network_"] = copy.deepcopy(state["network_"]).cpu()
        return state


@torch.no_grad()
def network_probabilities(
    network: ReplicaNetwork, X: Inputs
) -> Iterator[NDArray[np.float64]]:
    """Yield probabilities ``(R, some rows, n_classes)`` of rows, a few rows at once."""
    device = next(network.parameters()).device
    network.eval()
    rows = DeviceRows(as_inputs(X), np.zeros(len(X), dtype=np.int64), device)
    for inputs in rows.in_order(torch.arange(network.n_replicas)):
        logits = network(inputs).float().cpu().double()
        yield logits.softmax(dim=2).numpy()
