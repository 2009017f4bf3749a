"""Why one buys 事由: events, tree-planting duties, rulings, gifts, organisations.

Each opens a due that forest units close. What they owe and what was retired for them stands in offsets and
in the books; here stands what they are: who describes them, by which rule they owe, what is attested of
them, and who may see it.
"""
