"""A policy that was learned: what it computes, its file, and what using it loads."""

import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save

from tests.meta_sampler.conftest import grown, random_policy
from trimtab import InputError
from trimtab.ensembles.policies import Policy
from trimtab.meta_sampler.policy import LearnedPolicy

WITHOUT_LEARNING = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "gymnasium", "stable_baselines3"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
import numpy as np
from sklearn.tree import DecisionTreeClassifier
from trimtab.ensembles.cascade import Cascade
from trimtab.meta_sampler.sampler import MetaSampler

sampler = MetaSampler.load(sys.argv[1])
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
codes = (X[:, 0] > 1).astype(int)
cascade = Cascade(DecisionTreeClassifier(), X, codes, X, codes, n_rounds=3, rng=0)
cascade.grow(sampler.as_policy())
assert len(cascade.members) == 3
try:
    sampler.fit({"a": (X, codes)})
except ImportError as error:
    print(error)
"""


def test_it_computes_what_its_layers_say():
    """One hidden unit, worked by hand: tanh(2 max(x0 + 1, 0) - 1)."""
    first = np.zeros((1, 10), np.float32), np.ones(1, np.float32)
    first[0][0, 0] = 1
    last = np.full((1, 1), 2, np.float32), np.full(1, -1, np.float32)
    policy = LearnedPolicy((first, last))
    states = np.zeros((3, 10))
    states[:, 0] = [-5, -0.5, 0]
    expected = np.tanh([[-1.0], [0.0], [1.0]])
    np.testing.assert_allclose(policy.act(states), expected, rtol=1e-6)
    np.testing.assert_allclose(policy.act(states[0]), expected[0], rtol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("action", ["mu", "mu-ratio", "mu-ratio-sigma"])
def test_it_grows_ensembles_of_any_number_of_classes(action, n_classes):
    """The first draw is balanced by chance; later ones follow its choice."""
    policy = random_policy("task", action)
    assert isinstance(policy, Policy)
    cascade = grown(policy, n_classes)
    first, second = cascade.records[:2]
    assert len(set(first["rows_per_class"].tolist())) == 1
    assert {"mu", "sigma", "ratio"} <= set(second["notes"])
    drawn = second["rows_per_class"]
    wanted = np.minimum(
        np.rint(second["notes"]["ratio"] * drawn.min()), cascade.round.class_counts
    )
    assert drawn.tolist() == wanted.tolist()


def test_a_saved_policy_comes_back_as_it_was(tmp_path):
    """Weights, layout and all that is told of it."""
    policy = random_policy("task", "mu-ratio")
    again = LearnedPolicy.load(policy.save(tmp_path / "a.safetensors"))
    states = np.random.default_rng(1).random((7, policy.state.size))
    np.testing.assert_array_equal(policy.act(states), again.act(states))
    assert (again.state, again.action, again.metric, again.about) == (
        policy.state, policy.action, policy.metric, policy.about,
    )  # fmt: skip


def test_using_one_takes_neither_torch_nor_gymnasium_nor_stable_baselines3(tmp_path):
    """A saved sampler grows an ensemble without them; learning says what is missing."""
    path = random_policy().save(tmp_path / "a.safetensors")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LEARNING, str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "pip install 'trimtab[meta]'" in done.stdout


def parts():
    """Return the tensors and the header of a good file."""
    tensors = {
        "layers.0.weight": np.zeros((1, 10), np.float32),
        "layers.0.bias": np.zeros(1, np.float32),
    }
    header = {
        "trimtab.meta_sampler": "1", "state": '"errors"', "n_bins": "5",
        "action": '"mu"', "sigma": "0.2", "metric": '"average_precision"',
        "about": json.dumps({}),
    }  # fmt: skip
    return tensors, header


def change(tensors=None, **header):
    """Return the bytes of a file that differs from a good one; None takes away."""
    good_tensors, good_header = parts()
    merged = {**good_tensors, **(tensors or {})}, {**good_header, **header}
    kept = [{k: v for k, v in part.items() if v is not None} for part in merged]
    return save(kept[0], metadata=kept[1])


BAD = {
    "empty": (b"", "is no safetensors file or is damaged"),
    "text": (b"these are not the weights you are looking for", "no safetensors file"),
    "cut": (change()[:-2], "is no safetensors file or is damaged"),
    "foreign": (save({"a": np.zeros(2)}), "is no meta-sampler of trimtab"),
    "later": (change(**{"trimtab.meta_sampler": "2"}), "has the format 2 .*update"),
    "odd version": (change(**{"trimtab.meta_sampler": "x"}), "the format 'x'"),
    "missing key": (change(sigma=None), "lacks 'sigma'"),
    "unknown key": (change(code="1"), "has the unknown key 'code'"),
    "not JSON": (change(n_bins="five"), "an unreadable 'n_bins'"),
    "wrong type": (change(n_bins='"5"'), "as 'n_bins'"),
    "unknown state": (change(state='"pixels"'), "no state 'pixels'"),
    "wrong bins": (change(n_bins="7"), "maps 10 numbers to 1"),
    "missing tensor": (change({"layers.0.bias": None}), "lacks 'layers.0.bias'"),
    "unknown tensor": (change({"x": np.zeros(1, np.float32)}), "unknown tensor 'x'"),
    "wrong shape": (
        change({"layers.0.bias": np.zeros(3, np.float32)}), "layer 0 has weights of",
    ),
    "wrong kind": (change({"layers.0.bias": np.zeros(1)}), "as float64"),
    "not finite": (
        change({"layers.0.bias": np.full(1, np.nan, np.float32)}), "not finite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_one_line(name, tmp_path):
    """The line names the file and what is wrong with it."""
    content, message = BAD[name]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        LearnedPolicy.load(path)
    assert "\n" not in str(caught.value)
    assert "bad.safetensors" in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    """By name; a folder likewise, and a folder to save in that is missing."""
    with pytest.raises(InputError, match=r"there is no file .*a\.safetensors"):
        LearnedPolicy.load(tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="is a folder: give the file"):
        LearnedPolicy.load(tmp_path)
    with pytest.raises(InputError, match="is a folder: give a file in it"):
        random_policy().save(tmp_path)
    with pytest.raises(InputError, match="there is no folder"):
        random_policy().save(tmp_path / "no" / "a.safetensors")


def test_a_state_of_another_length_is_refused():
    """Rather than broadcast."""
    with pytest.raises(InputError, match="takes 10 numbers"):
        random_policy().act(np.zeros(4))
