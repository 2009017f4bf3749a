"""rewards: thanks for what was done.

Points are a sponsor's funded promise, not grams and not money: earned by a published tariff for acts that
this room hears of, kept in lots on the books, and spent on what their sponsors pay for.
"""
