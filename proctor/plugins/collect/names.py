"""Names that others chose: which may be a file's, which a student's, and how one is shown."""

import functools
import re
import unicodedata

LONGEST = 100  # characters of a student's id: nbgrader's column has 128, a folder's name 255 bytes
_PUNCTUATION = frozenset("-_.@+'#() ")
# letters and marks that leave no trace on a screen (Unicode: Default_Ignorable_Code_Point); what
# else does not is of category Cf
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MARKS = 4  # combining marks in a row; writing has up to three on a letter


def odd(name):
    """What is wrong with a file's or folder's name, None if nothing is."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "a name that is not UTF-8"
    if any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in name):
        return "a name with invisible characters"
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        return "a name that is a path"
    if name.startswith("-"):
        return "a name that begins like an option"
    if size > 200:
        return "a name of more than 200 bytes"
    return None


def student_problem(student):
    """Why a name cannot be a student's id, None if it can.

    An id is a folder's name, a pattern for nbgrader, text in pages, reports and spreadsheets: it
    is made of letters and digits of any script, of ``-_.@+'#()`` and of single spaces within. It
    does not begin as a spreadsheet's formula does (``= + - @``), nor as a hidden folder.
    """
    if what := odd(student):
        return what
    if len(student) > LONGEST:
        return f"a name of more than {LONGEST} characters"
    if student.startswith("."):
        return "a name that nbgrader does not find again"
    if student[0] in "=+@":
        return "a name that begins like a formula"
    if student.strip(" .") != student or "  " in student:
        return "a name with spaces or dots at its ends, or two spaces in a row"
    if _INVISIBLE.search(student):
        return "a name with invisible characters"
    if strange := next((c for c in student if not _is_plain(c)), None):
        return f"a name with {_called(strange)}"
    kinds = "".join(unicodedata.category(c)[0] for c in student)
    if kinds[0] == "M" or "M" * (_MARKS + 1) in kinds:
        return "a name with combining marks that stand on nothing"
    if not set(kinds) & {"L", "N"}:
        return "a name without a letter or a digit"
    return None


def _is_plain(character):
    return character in _PUNCTUATION or unicodedata.category(character) in (
        *("Lu", "Ll", "Lt", "Lm", "Lo", "Nd"),
        *("Mn", "Mc"),  # vowels of many scripts
    )


def _called(character):
    """A character in words: it is not to act where they are read."""
    name = unicodedata.name(character, "").lower()
    return f"a {name}" if name else f"the character U+{ord(character):04X}"


def shown(path):
    """A name as it may stand in a log or in Markdown: nothing in it acts."""
    text = _INVISIBLE.sub("?", re.sub(r"[^\w ./+@=,:~()'#-]", "?", str(path)))
    return f"`{text if len(text) <= 80 else text[:30] + '...' + text[-47:]}`"


def refusal(student):
    """A line that says why a name cannot be a student's id, None if it can."""
    what = student_problem(student)
    return what and f"{shown(student)} cannot be a student's id: it is {what}"


@functools.cache
def assignment_problem(name):
    """A line that says why nbgrader finds no assignment of a name, None if it does."""
    if not set(name) & set("*?["):
        return None
    return (
        f"an assignment cannot be called {name!r}: nbgrader takes *, ? and [ for patterns of "
        "names, and finds no such folder; rename the one in source/"
    )


def guard_gradebook():
    """Let no gradebook take a student whose id is none, whoever adds it.

    So an imported list, `nbgrader db student add` and Formgrader's *Add new student* meet the same
    rule. Who is in a gradebook already stays.
    """
    from nbgrader.api import Student
    from sqlalchemy import event

    @event.listens_for(Student.id, "set")
    def check(_, value, *__):
        if isinstance(value, str) and (line := refusal(value)):
            raise ValueError(line)
