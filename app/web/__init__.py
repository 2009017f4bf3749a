"""web: HTML for people.

Phone pages first, good on a desktop: what I avoided, what I owe, whose forest I chose, the certificate
that anyone can check, and the public books. Server-rendered; every page works without JavaScript, and
nothing is loaded from elsewhere. It has no tables and no rules: it asks the rooms below and shows
what they say, in Chinese first and English whole.
"""
