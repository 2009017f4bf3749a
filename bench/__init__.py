"""`make bench`: side-by-side measurements in one run; every claim about speed comes from here.

Prints `name value` lines. A ratio is the median of five interleaved rounds, each round measuring
both sides one after the other on the same server, so that a neighbour's load hits both.
"""
