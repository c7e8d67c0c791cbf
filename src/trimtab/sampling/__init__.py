"""Draw: which rows does the model see?"""

# SPDX-License-Identifier: BSD-3-Clause
