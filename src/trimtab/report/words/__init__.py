"""What is said of results: wording, advice, tables as text."""

# SPDX-License-Identifier: BSD-3-Clause
