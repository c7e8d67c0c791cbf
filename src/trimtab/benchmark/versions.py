"""The versions of the libraries that decide a result."""

# SPDX-License-Identifier: BSD-3-Clause

import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["library_versions"]


def library_versions() -> dict[str, str]:
    """Return the versions of what decides a result."""
    versions = {"python": platform.python_version()}
    for name in (
        "trimtab",
        "numpy",
        "scikit-learn",
        "imbalanced-learn",
        "lightgbm",
        "xgboost",
        "skrub",
        "torch",
        "optuna",
        "faiss-cpu",
    ):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
