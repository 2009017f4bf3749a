"""A model of the books: what must come of a history, in plain Python, beside the application on PostgreSQL.

`world` predicts, `provider` stands for WeChat Pay, `faults` kills and pauses, `picture` reads the
database, `history` plays a step on both sides and compares them.
"""
