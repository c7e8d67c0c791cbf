"""ART's draw in other people's training loops: Lightning, skorch, Transformers.

Each module needs the library that it is named after, an extra of trimtab.
"""

# SPDX-License-Identifier: BSD-3-Clause
