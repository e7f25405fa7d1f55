"""Lists of students, as spreadsheets write them: for ``nbgrader db student import``."""

import contextlib
import csv
import functools
import io
import os
import tempfile

from proctor.files import read


class Unreadable(ValueError):
    """A list cannot be imported; the text says why, in one line."""


def as_nbgrader_reads(data, key):
    """The text of a CSV file, with commas and without a mark of its encoding.

    data  its bytes: UTF-8 with or without that mark, else Windows' Western code page; values apart
          by commas, semicolons or tabs
    key   the column that it must have
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _western(data)
    header = next(filter(str.strip, text.splitlines()), "")
    for separator in ",;\t":
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
        names = next(([name.strip() for name in row] for row in rows if any(row)), [])
        if key in names:
            made = io.StringIO()
            csv.writer(made).writerows(row for row in rows if any(row))
            return made.getvalue()
    raise Unreadable(f"no column is called {key!r}: the first line is {header[:200]!r}")


def _western(data):
    if b"\0" in data:
        raise Unreadable("it is no CSV file in UTF-8: save it as “CSV UTF-8”")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise Unreadable("it is neither UTF-8 nor Windows-1252: save it as “CSV UTF-8”") from None


@functools.cache
def guard_imports():
    """Let nbgrader of this process import lists as spreadsheets write them."""
    from nbgrader.apps.dbapp import DbGenericImportApp

    stock = DbGenericImportApp.start

    def start(self):
        given = list(self.extra_args)
        data = read(given[0]) if len(given) == 1 and os.path.isfile(given[0]) else None
        with contextlib.ExitStack() as stack:
            if data is not None:
                try:
                    text = as_nbgrader_reads(data, self.primary_key)
                except (Unreadable, csv.Error) as error:
                    self.fail("%s is not imported: %s", given[0], error)
                plain = stack.enter_context(tempfile.NamedTemporaryFile("w", newline=""))
                plain.write(text)
                plain.flush()
                self.extra_args = [plain.name]
            stock(self)

    DbGenericImportApp.start = start
