"""Ensembles that grow on drawn rows: the loop, its policies and its classifiers."""

# SPDX-License-Identifier: BSD-3-Clause
