"""``trimtab meta-train``: from tables to a file."""

import subprocess
import sys

import pytest

from trimtab.meta_sampler.policy import LearnedPolicy

SHORT = ("-k", 3, "--random-steps", 6, "--update-steps", 4)


def test_a_policy_is_learned_on_data_sets_by_name(trimtab, tmp_path):
    """The file holds it; the tables and what they came to are told."""
    ran = trimtab(
        "meta-train", "sklearn/digits8", "sklearn/breast_cancer",
        "--out", "a/p.safetensors", "--base", "decision-tree", "--state", "task",
        "--action", "mu-ratio", *SHORT,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "sklearn/digits8: 3 episodes" in ran.out
    policy = LearnedPolicy.load(tmp_path / "a" / "p.safetensors")
    assert policy.about["tasks"][0]["name"] == "sklearn/digits8"
    assert policy.action.name == "mu-ratio"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["p.safetensors"]


def test_a_mixed_table_from_a_file_needs_no_preparation(trimtab, claims, tmp_path):
    """Strings, dates and missing values; the base learner by a method's name too."""
    for number, base in enumerate(([], ["--base", "logistic-regression"])):
        out = tmp_path / f"{number}.safetensors"
        ran = trimtab(
            "meta-train", claims, "--target", "fraud", "--out", out, *base, *SHORT
        )
        assert ran.code == 0, ran.err
        assert out.exists()


def test_files_and_names_go_together(trimtab, claims, tmp_path):
    """The target is that of the files; a data set knows its own."""
    steps = ("--random-steps", 2, "--update-steps", 2, "-k", 2)
    ran = trimtab(
        *("meta-train", "sklearn/digits8", claims, "--target", "fraud"),
        *("--base", "decision-tree", "--out", tmp_path / "p.safetensors", *steps),
    )
    assert ran.code == 0, ran.err
    assert "sklearn/digits8" in ran.out


def test_fewer_steps_than_an_episode_are_told(trimtab, tmp_path):
    """The file is there; that nothing was learned is said instead of figures."""
    ran = trimtab(
        "meta-train", "sklearn/digits8", "--out", "p.safetensors", "--base",
        "decision-tree", "-k", 9, "--random-steps", 3, "--update-steps", 3,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert "no episode came to its end: give more --update-steps" in ran.out
    assert (tmp_path / "p.safetensors").exists()


def test_bad_input_is_one_line_and_exit_code_2(trimtab):
    """An unknown table, learner, or state."""
    for arguments, message in (
        (["nosuch"], "no data set"),
        (["sklearn/digits8", "--base", "lightgbn"], "did you mean 'lightgbm'"),
        (["sklearn/digits8", "--state", "x"], "no state 'x'"),
        (["sklearn/digits8", "-k", "1"], "n_estimators is 1"),
        (["sklearn/digits8", "--patience", "4"], "--patience is 4"),
        (["sklearn/digits8", "--target", "x"], "--target x is for files"),
    ):
        ran = trimtab("meta-train", *arguments, "--out", "p.safetensors")
        assert ran.code == 2
        assert message in ran.err
        assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize("folder", [".", "made"])
def test_a_folder_is_refused_before_anything_is_learned(trimtab, tmp_path, folder):
    """Rather than when all is learned and cannot be saved."""
    (tmp_path / "made").mkdir()
    out = "." if folder == "." else tmp_path / folder
    ran = trimtab("meta-train", "sklearn/digits8", "--out", out)

    assert ran.code == 2
    assert "is a folder: give --out a file in it" in ran.err


def test_without_the_extra_it_says_what_to_install():
    """One line, and exit code 2."""
    code = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "gymnasium":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
sys.argv = ["trimtab", "meta-train", "sklearn/digits8", "--out", "p.safetensors"]
from trimtab.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "gymnasium is not installed; it comes with: pip install" in done.stderr
