"""What tests of ensembles on collections share."""

# SPDX-License-Identifier: BSD-3-Clause

import pytest


@pytest.fixture
def at_scale(monkeypatch) -> None:
    """Treat few rows as if they were too many for their errors to come here."""
    limit = "trimtab.ensembles.partitioned.partition_pool.MOST_ERRORS_HERE"
    monkeypatch.setattr(limit, 0)
