"""A digest changes with a user's code, and with nothing else."""

import subprocess
import sys
import threading
from functools import partial, wraps
from pathlib import Path

import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from trimtab.benchmark.methods import list_methods
from trimtab.benchmark.methods.digests import code_digest

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

def make(C):
    import numpy

    class Inner(Mine):
        def decide(self):
            return numpy.log(C)

    def build(info, random_state, depth=C, *, kind=[C, lambda x: x + 1]):
        return build if C else Inner()

    return build
"""

SCRIPT = """
from functools import partial
from sklearn.pipeline import make_pipeline
from mine import Mine, factory, make
from trimtab.benchmark.methods.digests import code_digest

class Here(Mine):
    pass

values = [Mine(), make_pipeline(Mine()), factory, partial(factory, 1), Here()]
values += [make(1), make(2), partial(make(1), 1), make(0)]
print(*map(code_digest, values))
"""


def _digests(folder: Path, module: str, seed: str, script: str = SCRIPT) -> list[str]:
    (folder / "mine.py").write_text(module)
    (folder / "script.py").write_text(script)
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
    assert len(set(first)) == len(first) == 9


def test_an_edited_helper_beside_the_script_changes_every_digest(tmp_path):
    """Results of what the code was before are not taken for what it is now."""
    before = _digests(tmp_path, MODULE, "1")
    after = _digests(tmp_path, MODULE.replace("return 1", "return 2"), "1")
    assert not set(before) & set(after)


IMPORTED = {
    "depth.py": "DEPTH = 3\n",
    "tools/__init__.py": "",
    "tools/first.py": "from .second import rate\n",
    "tools/second.py": "rate = 0.1\n",
    "late/__init__.py": "from . import parts\n",
    "late/parts.py": "",
    "tolerant.py": "try:\n    import broken\nexcept SyntaxError:\n    pass\n",
    "broken.py": "def (",
    "unused.py": "",
}

IMPORTING = """
import json
from pathlib import Path

import tolerant
from depth import DEPTH
from sklearn.linear_model import LogisticRegression
from tools import first
from trimtab.benchmark.methods.digests import code_digest

def factory(info, random_state):
    import late
    return LogisticRegression(max_iter=DEPTH, C=first.rate)

print(code_digest(factory))
for name in ("depth", "tools/second", "late/parts", "broken", "unused"):
    file = Path(name + ".py")
    text = file.read_text()
    file.write_text(text + "# edited")
    print(code_digest(factory))
    file.write_text(text)
"""


def test_what_the_script_imports_of_the_users_own_counts(tmp_path):
    """Values, parts of a package, what is imported late; not what lies about."""
    for folder in ("late", "tools"):
        (tmp_path / folder).mkdir()
    for name, text in IMPORTED.items():
        (tmp_path / name).write_text(text)
    first, *edited, unused = _digests(tmp_path, "", "1", IMPORTING)
    assert len({first, *edited}) == 5
    assert unused == first


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


class Factory:
    """Builds by a method."""

    def __init__(self, C):
        self.C = C

    def build(self, info, random_state):
        """Return an estimator with the factory's C."""
        return LogisticRegression(C=self.C)


def from_closure(C):
    """Give a factory that C is written into."""

    def build(info, random_state):
        return LogisticRegression(C=C)

    return build


def from_default(C):
    """Give one that has C as a default argument."""

    def build(info, random_state, C=C):
        return LogisticRegression(C=C)

    return build


def from_keyword(C):
    """Give one that takes C by its name alone."""

    def build(info, random_state, *, C=C):
        return LogisticRegression(C=C)

    return build


def from_inner_function(C):
    """Give one whose helper has C, in a list."""
    helpers = [from_closure(C)]

    def build(info, random_state):
        return helpers[0](info, random_state)

    return build


def from_wrapper(C):
    """Give one that stands in another."""

    @wraps(print)
    def build(*args):
        return from_closure(C)(*args)

    return build


def from_local_class(C):
    """Give an estimator whose class has C in a property of its code."""

    class Mine(LogisticRegression):
        @property
        def strength(self):
            return C

    return Mine()


def from_method(C):
    """Give a bound method."""
    return Factory(C).build


def from_partial(C):
    """Give a part of a factory that has C in its closure."""
    return partial(from_closure(C), random_state=0)


def from_parameter(C):
    """Give an estimator that takes a function."""
    return make_pipeline(FunctionTransformer(lambda X: X * C), LogisticRegression())


@pytest.mark.parametrize(
    "make",
    [
        from_closure,
        from_default,
        from_keyword,
        from_inner_function,
        from_wrapper,
        from_local_class,
        from_method,
        from_partial,
        from_parameter,
    ],
)
def test_what_a_function_holds_counts(make):
    """Factories of one text and different numbers are different methods."""
    assert code_digest(make(1e-6)) == code_digest(make(1e-6))
    assert code_digest(make(1e-6)) != code_digest(make(1.0))


def test_a_lambda_counts_by_its_code():
    """Many of a file are called the same."""
    builds = [lambda: LogisticRegression(C=1), lambda: LogisticRegression(C=2)]
    assert code_digest(builds[0]) != code_digest(builds[1])


def test_functions_that_hold_each_other_have_a_digest():
    """And whether a helper is there twice, or two are there once, tells them apart."""
    one, other = from_closure(1), from_closure(2)
    held = [one, other, one]

    def build(info, random_state):
        return build, held

    first = code_digest(build)
    held[2] = other
    assert code_digest(build) != first
    held[2] = one
    assert code_digest(build) == first


def test_what_cannot_be_compared_is_never_the_same():
    """A lock may guard anything: results of one are not taken for another's."""
    for make in (from_closure, from_parameter, from_local_class, from_method):
        assert code_digest(make(threading.Lock())) != code_digest(
            make(threading.Lock())
        )
