"""A million mutated notices and tokens against the real application: `make fuzz`.

Every attack is one WSGI request to the application as it is served, on real PostgreSQL with the real
client code; notices are signed with the simulator's platform key. True notices and tokens stand between
the attacks and must be accepted, so that the harness is known to see.
"""
