"""The scenarios of perf/run, one a module: SUMMARY, KEYS, FLOORS and run(rig)."""
