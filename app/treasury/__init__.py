"""treasury: the platform's money against the outside world.

What the provider's bills say of the payments and refunds in our books, day by day, and every difference
explained; and the payouts that carry the sellers' income from the books to their bank accounts. It asks
offsets what was paid and settled, and writes what money did outside in the books of accounts.
"""
