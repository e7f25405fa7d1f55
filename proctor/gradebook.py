"""The gradebook, opened for the first time by one process only."""

import contextlib
import fcntl
import os

from nbgrader.api import Gradebook
from sqlalchemy import create_engine, make_url, text

_LOCK = 0x6E626772  # of PostgreSQL's advisory locks: any number, the same for every grader


@contextlib.contextmanager
def opened(db_url, course_id):
    """Open a `nbgrader.api.Gradebook`, which is closed at the end of the block.

    nbgrader makes the tables of a new gradebook when it is opened; two processes that do so at
    once get in each other's way, with SQLite and with PostgreSQL.
    """
    with _alone(db_url):
        gradebook = Gradebook(db_url, course_id)
    with gradebook:
        yield gradebook


@contextlib.contextmanager
def _alone(db_url):
    """While entered, no other process of this package's is, for the same gradebook."""
    url = make_url(db_url)
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        with open(f"{os.path.abspath(url.database)}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            engine = create_engine(url)
            with engine.connect() as connection:
                # readers and a writer at once; it stays so in the file
                connection.execute(text("PRAGMA journal_mode=WAL"))
            engine.dispose()
            yield
    elif url.get_backend_name() == "postgresql":
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            yield  # the lock goes with the connection
        engine.dispose()
    else:
        yield
