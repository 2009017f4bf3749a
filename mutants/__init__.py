"""`make mutants`: seeded bugs in settlement, books, units and payouts, each of which the model must catch.

A test suite is known to see only what it has been seen to catch. `bugs.toml` holds the bugs as data;
each is applied to a copy of the sources, and the model of the books plays against it.
"""
