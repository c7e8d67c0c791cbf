"""Tests of the meta-sampler."""
