"""Target: where in a learning system's file a mark goes, for whom, and what may stand there."""

import re
from dataclasses import dataclass

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class Row:
    """Row: one person's.

    place   the row's number in the sheet
    keys    texts by which the learning system knows the person, surest first; never a name
    label   how to name the person in a message
    locked  why the learning system would not take a mark here; empty if it does
    """

    place: int
    keys: tuple
    label: str
    locked: str = ""


@dataclass(frozen=True)
class Comments:
    """Comments: where a comment goes.

    column  its number
    html    whether the system reads it as HTML
    form    the column that names its format, None if there is none, and what to write there
    """

    column: int
    html: bool = False
    form: int | None = None
    format: str = ""


@dataclass(frozen=True)
class Target:
    """Target: a column for marks.

    column   its number
    title    its heading
    rows     `Row`s of people
    most     the points that the learning system has for it, None if the file does not say
    over     what it does with a mark above them; empty if it takes it
    notes    what whoever imports the file has to know
    comments where a comment goes, None if the file has no place for one
    nobody   what to say if no row is a student's; empty if nothing more is known of it
    """

    column: int
    title: str
    rows: tuple
    most: float | None = None
    over: str = ""
    notes: tuple = ()
    comments: Comments | None = None
    nobody: str = ""


def number(text):
    """The number that a cell holds, whichever its decimal sign; None if it holds none."""
    text = text.strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def decimal(text):
    """The decimal sign of a number; empty where a text is none, or has none."""
    match = re.fullmatch(r"\d+([.,])\d+", text.strip())
    return match[1] if match else ""


def decimal_sign(texts, delimiter):
    """The decimal sign of a file: a comma where numbers have one and cells are not parted by it."""
    return "," if delimiter != "," and "," in map(decimal, texts) else "."


def column_of(titles, assignment, asked=""):
    """The number of the one column whose title is the assignment's name, or what was asked for.

    titles  {number: title, as people see it}

    Raises LookupError, which says what there is.
    """
    wanted = (asked or assignment).casefold().strip()
    found = [n for n, title in titles.items() if title.casefold().strip() == wanted]
    if len(found) == 1:
        return found[0]
    there = ", ".join(repr(title) for title in titles.values()) or "none"
    many = "several columns are" if found else "no column is"
    raise LookupError(
        f"{many} called {asked or assignment!r}; name one with --column. There is {there}"
    )
