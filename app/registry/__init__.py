"""registry: who holds which forest unit.

Forest projects, what was verified of their uptake and issued, and the chain of serial blocks that
says of every kilogram who holds it and whether it is still there: active, retired or cancelled. Lots
put blocks on sale. It knows nothing of buyers, orders or certificates: it reserves and retires units
for the rooms above and writes what it issues and cancels in the books. It keeps the public log, into which
it and the rooms above say what was issued and retired.
"""
