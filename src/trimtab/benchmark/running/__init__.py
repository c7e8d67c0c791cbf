"""How experiments are run: on this machine or a cluster, alone or together."""

# SPDX-License-Identifier: BSD-3-Clause
