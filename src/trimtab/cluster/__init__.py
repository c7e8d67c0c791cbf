"""Many machines: work that is sent to a Dask or a Ray cluster."""

# SPDX-License-Identifier: BSD-3-Clause
