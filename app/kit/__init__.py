"""kit: what any Flask product needs, and not one word about carbon.

Clock, database, one transaction a request, announcements that survive a crash, the queue that only
rings, problem+json, identity, idempotency, strict JSON, keyset paging, field types, messages in two
languages. Rooms above use it; it knows none of them.
"""
