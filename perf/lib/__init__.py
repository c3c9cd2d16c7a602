"""Measurement method shared by the scenarios of perf/run."""
