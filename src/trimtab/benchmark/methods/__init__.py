"""What is compared: a method is a name and a factory of classifiers.

The registry, the methods that come with trimtab, and what they are built of.
"""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.benchmark.methods.registry import (
    Method,
    TableInfo,
    get_method,
    list_methods,
    method,
    register,
)

__all__ = [
    "Method",
    "TableInfo",
    "get_method",
    "list_methods",
    "method",
    "register",
]
