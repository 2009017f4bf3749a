"""The negative control: the same application, with settlement handed over as it is often written.

The payment is committed and *then* a job is enqueued that carries what is to be settled; no row in the
database says that it still has to be. That is the only difference: left alone this application settles
everything too, and under the same harness it must lose something, or the harness does not see losses.

`granian chaos.naive:app` serves it, `python -m chaos.naive` works on its queue.
"""

from redis import Redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app import create_app
from app.kit import queue
from app.kit.database import db
from app.kit.transaction import transaction
from app.offsets import jobs
from app.offsets.rules import PaymentOutcome
from app.offsets.services import payments
from app.offsets.services.words import PaidWord

QUEUE = "naive"
_TAKE_AWAY = text(
    "WITH gone AS (DELETE FROM paid_order WHERE order_id = (SELECT id FROM orders WHERE code = :code)"
    " RETURNING *) SELECT CAST(to_jsonb(gone) AS text) FROM gone"
)
_PUT_BACK = text(
    "INSERT INTO paid_order SELECT *"
    " FROM jsonb_populate_record(CAST(NULL AS paid_order), CAST(:row AS jsonb))"
)
app = create_app()
_record_payment = payments.record_payment


def record_payment(word: PaidWord) -> PaymentOutcome:
    """Record it as ever, but hand the order over in Redis only, once this is committed."""
    outcome = _record_payment(word)
    if outcome is PaymentOutcome.PAID:
        row = db.session.scalar(_TAKE_AWAY, {"code": word.order_code})
        db.session.info.setdefault("handed_over", []).append(row)
    return outcome


def enqueue(session: Session) -> None:
    """One job an order. Redis away: an error that the provider's next notice finds nothing to do about."""
    for row in session.info.pop("handed_over", ()):
        Queue(QUEUE, connection=queue.redis(), serializer=JSONSerializer).enqueue("chaos.naive.settle", row)


def settle(row: str) -> None:
    """The job: settle the order that the queue says was paid."""
    with app.app_context():
        with transaction() as session:
            session.execute(_PUT_BACK, {"row": row})
        jobs.settle_paid()


payments.record_payment = record_payment
event.listen(Session, "after_commit", enqueue)


def main() -> None:
    """Work on the naive queue until stopped."""
    connection = Redis.from_url(app.extensions["settings"].redis_url)
    with app.app_context():
        db.engine.dispose()
    jobs_of_ours = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    Worker([jobs_of_ours], connection=connection, serializer=JSONSerializer, worker_ttl=30).work(
        logging_level="WARNING"
    )


if __name__ == "__main__":
    main()
