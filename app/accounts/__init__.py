"""accounts: whom we serve, and their books.

Holders (persons, households, villages, organisations, the platform), their sign-in and consents, and
the double-entry books in which every gram, yuan and point of the other rooms is written. It knows
nothing of forests, trips or orders: it knows accounts and postings.
"""
