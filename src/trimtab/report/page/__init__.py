"""Pages: files of HTML that need nothing else."""

# SPDX-License-Identifier: BSD-3-Clause
