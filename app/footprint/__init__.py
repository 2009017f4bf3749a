"""footprint: what was emitted, what was avoided.

Factors and methodologies (versioned, sourced, never edited in place), low-carbon actions with their
evidence grade and daily caps, steps from WeRun, a person's monthly emissions with the questions that
estimate them, and events' inventories. Every gram keeps
its raw inputs, factor and methodology, so that `replay` recomputes it. It knows nothing of forests
or purchases; to the rooms above it only announces.
"""
