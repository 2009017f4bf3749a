"""An event is neutralised 大型活动碳中和.

Its due is its inventory: the estimate first, then the final figure. The organiser buys, and whoever is
invited; units are retired at once. What was retired beyond the final figure stays with the event, for
another of the same organiser. Products are those of the national guide's kinds of credits.
"""

from app.offsets.purposes.purpose import Purpose

EVENT = Purpose(
    "event",
    "offsets.certifies_event",
    cause="event",
    products=frozenset({"yiyuan", "carbon_ticket", "ffcer", "ccer"}),
)
