"""The gradebook: opened for the first time by one process only, and filled row by row."""

import contextlib
import fcntl
import os
import shutil
import sys

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    SubmittedAssignment,
    SubmittedNotebook,
    new_uuid,
)
from sqlalchemy import create_engine, insert, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

_LOCK = 0x6E626772  # of PostgreSQL's advisory locks: any number, the same for every grader
_PATIENCE = 60  # seconds that a writer of SQLite waits for another; its own default is 5


@contextlib.contextmanager
def opened(db_url, course_id):
    """Open a `nbgrader.api.Gradebook`, which is closed at the end of the block.

    nbgrader makes the tables of a new gradebook when it is opened; two processes that do so at
    once get in each other's way, with SQLite and with PostgreSQL. Raises
    sqlalchemy.exc.SQLAlchemyError.
    """
    url = make_url(db_url)
    if url.get_backend_name() == "sqlite" and "timeout" not in url.query:
        url = url.update_query_dict({"timeout": str(_PATIENCE)})
    _find_alembic()
    with _alone(url):
        gradebook = Gradebook(url.render_as_string(hide_password=False), course_id)
    with gradebook:
        yield gradebook


def of(converter):
    """A context with the gradebook that a converter holds open as ``book``, else with a new one."""
    book, course = getattr(converter, "book", None), converter.coursedir
    return contextlib.nullcontext(book) if book else opened(course.db_url, course.course_id)


class Submissions:
    """Adds submissions of an assignment row by row: nbgrader's objects take four times as long.

    assignment  the `nbgrader.api.Assignment`, whose cells do not change meanwhile
    """

    def __init__(self, assignment):
        self.assignment, self.notebooks, self.cells = assignment.id, [], {Grade: [], Comment: []}
        for notebook in assignment.notebooks:
            self.notebooks.append(notebook.id)
            for kind, found in ((Grade, notebook.grade_cells), (Comment, notebook.solution_cells)):
                both = (*found, *notebook.task_cells)
                self.cells[kind] += [(notebook.id, cell.id) for cell in both]

    def add(self, book, student):
        """Add what `nbgrader.api.Gradebook.add_submission` adds, up to its commit.

        student  the id; MissingEntry if there is none
        """
        about = {"assignment_id": self.assignment, "student_id": book.find_student(student).id}
        submission, made = new_uuid(), {notebook: new_uuid() for notebook in self.notebooks}
        rows = {
            SubmittedAssignment: [about | {"id": submission}],
            SubmittedNotebook: [
                {"id": number, "notebook_id": notebook, "assignment_id": submission}
                for notebook, number in made.items()
            ],
        }
        for kind, cells in self.cells.items():
            rows[kind] = [{"cell_id": cell, "notebook_id": made[place]} for place, cell in cells]
        for kind in filter(rows.get, rows):
            book.db.execute(insert(kind), rows[kind])


def is_file(url):
    """Whether the SQLAlchemy URL is that of an SQLite gradebook in a file."""
    return url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")


def exists(db_url):
    """Whether there is a gradebook; one that is no file is taken to be there."""
    url = make_url(db_url)
    return not is_file(url) or os.path.exists(url.database)


@contextlib.contextmanager
def _alone(url):
    """While entered, no other process of this package's is, for the same gradebook."""
    if is_file(url):
        # a file of its own: closing the gradebook's own would give up SQLite's locks on it
        with open(f"{os.path.abspath(url.database)}.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # readers and a writer at once; it stays so in the file. Someone who reads in the
            # former way meanwhile puts it off to the next time.
            with contextlib.suppress(OperationalError), _connection(url) as connection:
                connection.execute(text("PRAGMA journal_mode=WAL"))
            yield
    elif url.get_backend_name() == "postgresql":
        with _connection(url) as connection:  # the lock goes with it
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            yield
    else:
        yield


@contextlib.contextmanager
def _connection(url):
    with create_engine(url, poolclass=NullPool).connect() as connection:
        yield connection


def _find_alembic():
    """nbgrader calls ``alembic`` for a new gradebook, also where the environment is not active."""
    if not shutil.which("alembic"):
        path = os.environ.get("PATH", os.defpath)
        os.environ["PATH"] = os.pathsep.join([path, os.path.dirname(sys.executable)])
