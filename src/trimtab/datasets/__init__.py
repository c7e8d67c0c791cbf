"""Data sets by name, induced imbalance and long tails.

``X, y, card = load("mammography")`` looks into the folder named by ``TRIMTAB_DATA``,
then into the cache, then asks the public origin. What ships with scikit-learn, such as
``"digits8"``, needs none of the three.
"""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.datasets.catalogue import Card
from trimtab.datasets.catalogue import find as describe
from trimtab.datasets.catalogue import list_names as list
from trimtab.datasets.data_files import Table
from trimtab.datasets.imbalance import make_imbalanced, make_long_tail
from trimtab.datasets.loading import is_available, load

__all__ = [
    "Card",
    "Table",
    "describe",
    "is_available",
    "list",
    "load",
    "make_imbalanced",
    "make_long_tail",
]
