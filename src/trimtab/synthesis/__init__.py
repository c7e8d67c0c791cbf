"""Add: which rows are made up."""

# SPDX-License-Identifier: BSD-3-Clause
