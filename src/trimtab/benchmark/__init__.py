"""Experiments: what is compared, how it is run, and where results are kept."""

# SPDX-License-Identifier: BSD-3-Clause
