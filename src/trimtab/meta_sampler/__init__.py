"""Learning MESA's policy, and using one that was learned."""

# SPDX-License-Identifier: BSD-3-Clause
