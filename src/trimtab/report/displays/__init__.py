"""Pictures in code, as scikit-learn's displays are."""

# SPDX-License-Identifier: BSD-3-Clause
