"""Tests of trimtab.integrations."""
