"""Charts for the pages, as plotly draws them."""

# SPDX-License-Identifier: BSD-3-Clause
