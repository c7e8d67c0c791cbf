"""Draw: which rows the model sees."""

# SPDX-License-Identifier: BSD-3-Clause
