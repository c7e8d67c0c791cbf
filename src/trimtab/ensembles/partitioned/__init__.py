"""Ensembles on collections that are larger than memory: rows stay where they lie."""

# SPDX-License-Identifier: BSD-3-Clause
