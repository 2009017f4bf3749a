"""The database handle and the base of every model.

Models inherit the plain `Base`; Flask-SQLAlchemy only carries engine and session. PostgreSQL is the
one dialect. Statement and lock time-outs bound every wait, because a job's own time-out does not
reach into a running query.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Executable, MetaData, text
from sqlalchemy.orm import DeclarativeBase, Session

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_PLAIN = re.compile(r"\{[-0-9A-Za-z*~$=,]*\}")
_NAME = re.compile(r"%\((\w+)\)s")
_TIMEOUTS = (
    "-c statement_timeout=15s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s -c timezone=UTC"
)


class Base(DeclarativeBase):
    """Base of every model; constraint names follow one convention so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


def connect(app: Flask, url: str, pool_size: int) -> None:
    """Give `app` its engine: `pool_size` connections a process, as many as it has threads."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    options: dict[str, Any] = {
        "pool_size": pool_size,
        "max_overflow": pool_size,
        "pool_timeout": 10,
        "pool_pre_ping": False,
        "hide_parameters": True,  # what people told us has no place in a log
        "connect_args": {"options": _TIMEOUTS, "application_name": "senhui", "connect_timeout": 5},
    }
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)


@contextmanager
def snapshot() -> Iterator[Session]:
    """Read everything inside as of one moment, so that figures of several queries belong together."""
    session = db.session()
    session.rollback()
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield session
    finally:
        session.rollback()


def array(values: Iterable[int | str]) -> str:
    """A PostgreSQL array literal of plain integers or codes, for `CAST(:name AS bigint[])`.

    The driver dumps a list element by element in Python; for a thousand rows that costs more than
    writing them. Raises ValueError for text that would need quoting.
    """
    literal = "{" + ",".join(map(str, values)) + "}"
    if not _PLAIN.fullmatch(literal):
        raise ValueError("only integers and codes go into a plain array")
    return literal


def text_array(values: Iterable[str | None]) -> str:
    """A PostgreSQL array literal of any texts, None as NULL; why not a list, see `array`."""
    told = ("NULL" if each is None else _quoted(each) for each in values)
    return "{" + ",".join(told) + "}"


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def write(statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    """Execute a statement that writes; returns how many rows it wrote."""
    done: Any = db.session.execute(statement, values)
    return int(done.rowcount)


def run(statement: str, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    """Run one prepared statement of the hot path on this transaction's own connection.

    For the few statements that are run thousands of times a second: SQLAlchemy's part of such a
    statement costs more than PostgreSQL's. Parameters are psycopg's `%(name)s`; rows are tuples.
    """
    return _execute(_driver(), statement, values)


def run_alone(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Run one prepared statement as a transaction of its own, on another connection; returns its first row.

    `transaction.run_whole` decides when that is right.
    """
    lent = db.engine.raw_connection()
    driver = _psycopg(lent.driver_connection)
    try:
        driver.autocommit = True
        row: tuple[Any, ...] | None = _execute(driver, statement, values).fetchone()
        driver.autocommit = False
    except psycopg.IntegrityError:
        driver.autocommit = False
        raise
    except BaseException:
        lent.invalidate()  # it may be broken, or still commit by itself, and must not be lent again
        raise
    finally:
        lent.close()
    return row


def _execute(
    driver: "psycopg.Connection[Any]", statement: str, values: Mapping[str, Any]
) -> psycopg.Cursor[Any]:
    numbered, names = _numbered(statement)
    return psycopg.RawCursor(driver).execute(numbered, [values[name] for name in names], prepare=True)


@cache
def _numbered(statement: str) -> tuple[bytes, tuple[str, ...]]:
    """A statement with PostgreSQL's own `$1` for each name, and the names in that order.

    psycopg reads a statement of more than 4,096 characters anew at every execution, which took longer
    than all else that Python does with it (psycopg 3.3, `_queries.MAX_CACHED_STATEMENT_LENGTH`).
    """
    places: dict[str, int] = {}
    numbered = _NAME.sub(lambda name: f"${places.setdefault(name[1], len(places) + 1)}", statement)
    return numbered.encode(), tuple(places)


def run_many(statement: str, values: Mapping[str, Any]) -> psycopg.Cursor[Any]:
    """As `run`, for arrays of any length: planned each time, for as many rows as there are.

    A prepared statement would soon be planned once for all, as if every array were short.
    """
    return _driver().execute(statement, values, prepare=False)


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write `rows` into `table` by COPY, in the running transaction; returns how many they were."""
    written = 0
    into = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with _driver().cursor() as cursor, cursor.copy(into) as copy:
        for row in rows:
            copy.write_row(row)
            written += 1
    return written


def allow_bulk(minutes: int) -> None:
    """Let the running transaction's statements take time and memory: for whole days, never for a request."""
    db.session.execute(text("SET LOCAL work_mem = '128MB'"))
    for bound in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        db.session.execute(text(f"SET LOCAL {bound} = '{minutes:d}min'"))


def _driver() -> "psycopg.Connection[Any]":
    """The running transaction's own connection, as the driver knows it."""
    return _psycopg(db.session.connection().connection.driver_connection)


def _psycopg(driver: Any) -> "psycopg.Connection[Any]":
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("this needs psycopg")
    return driver
