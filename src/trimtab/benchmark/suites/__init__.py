"""Suites: experiments from one file, their results, and what papers say of them."""

# SPDX-License-Identifier: BSD-3-Clause
