"""A digest changes with a user's code, and with nothing else."""

import subprocess
import sys
from functools import partial
from pathlib import Path

from lightgbm import LGBMClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trimtab.benchmark.digests import code_digest
from trimtab.benchmark.methods import list_methods

MODULE = """
from sklearn.linear_model import LogisticRegression

SOME = {"a", "b", "c"}

def helper():
    return 1

class Mine(LogisticRegression):
    def decide(self):
        return helper()

def factory(info, random_state):
    return Mine()
"""

SCRIPT = """
from functools import partial
from sklearn.pipeline import make_pipeline
from mine import Mine, factory
from trimtab.benchmark.digests import code_digest

class Here(Mine):
    pass

values = [Mine(), make_pipeline(Mine()), factory, partial(factory, 1), Here()]
print(*map(code_digest, values))
"""


def _digests(folder: Path, module: str, seed: str) -> list[str]:
    (folder / "mine.py").write_text(module)
    (folder / "script.py").write_text(SCRIPT)
    process = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return process.stdout.split()


def test_digests_are_the_same_in_every_process(tmp_path):
    """A run that is started again finds its results."""
    first = _digests(tmp_path, MODULE, "1")
    assert first == _digests(tmp_path, MODULE, "2")
    assert len(set(first)) == 5


def test_an_edited_helper_beside_the_script_changes_every_digest(tmp_path):
    """Results of what the code was before are not taken for what it is now."""
    before = _digests(tmp_path, MODULE, "1")
    after = _digests(tmp_path, MODULE.replace("return 1", "return 2"), "1")
    assert not set(before) & set(after)


def test_parameters_of_a_library_estimator_count():
    """A library's class is known by its name and its parameters."""
    plain = code_digest(LGBMClassifier())
    assert plain == code_digest(LGBMClassifier())
    assert plain != code_digest(LGBMClassifier(num_leaves=7))
    piped = [
        make_pipeline(StandardScaler(), LGBMClassifier(num_leaves=n)) for n in (7, 8)
    ]
    assert code_digest(piped[0]) != code_digest(piped[1])
    assert code_digest(partial(print, 1)) != code_digest(partial(print, 2))


def test_methods_of_trimtab_have_none():
    """The keys of the suites do not change with every release."""
    assert {method.code for method in list_methods()} == {""}
