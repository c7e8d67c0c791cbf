"""Weigh: how much does a row count?"""

# SPDX-License-Identifier: BSD-3-Clause
