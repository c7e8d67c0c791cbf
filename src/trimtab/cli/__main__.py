"""``python -m trimtab.cli``."""

# SPDX-License-Identifier: BSD-3-Clause

from trimtab.cli import main

main()
