"""Chaos as a command: everything is killed under load, and then every acknowledged yuan is looked for.

`make chaos` starts an instance of its own, with the servers on disk as in production, lets buyers order,
pay, pay too late and be refunded while the provider's notices come twice, late, out of order and forged,
and kills web, worker, horse, sweeper, Redis (which forgets everything) and PostgreSQL with SIGKILL at
moments drawn from a seed. Then it waits until nothing moves any more and compares what the provider
knows, outside the instance, with what the instance did.

    instance   the processes, started again as a supervisor would
    killer     what is killed when
    provider   the provider's side: mischief with notices, forgeries, and the ledger of what was paid
    forest     lots to sell, and fires in them
    load       buyers
    verdict    the comparison
    naive      the negative control: the same application with settlement handed over as it is often
               written, under which the same harness must find losses

Nothing here is part of the application, and the application knows nothing of it.
"""
