"""One loop that trains neural networks under a draw and a loss, R replicas at once."""

# SPDX-License-Identifier: BSD-3-Clause
