"""Cause: why a test was lost, read from the message that its error leaves in the graded notebook.

A course's checks may say ``Likely cause: …`` and ``Read: "…"``, each on a line of its own, whose
continuation is indented deeper. Of all other messages those that are alike count as one.
"""

import re
from dataclasses import dataclass

from nbconvert.filters import strip_ansi

from proctor.terminal import printable

CAUSE, MESSAGE, UNWRITTEN = "cause", "message", "not written"
LONGEST = 400  # characters of a sentence
_TOLD = r"^[ \t]*{}:[ \t]*(\S.*(?:\n[ \t]{{4,}}\S.*)*)"
_CAUSE = re.compile(_TOLD.format("Likely cause"), re.MULTILINE)
_READ = re.compile(_TOLD.format("Read"), re.MULTILINE)
_UNWRITTEN = "NotImplementedError"  # as a stub raises it
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_NUMBER = re.compile(r"(?<![^\W\d])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Cause:
    """Why a test was lost.

    kind   CAUSE (a misunderstanding that the test names), MESSAGE or UNWRITTEN
    text   the sentence, or the message's first line
    read   the section that the test sends its reader to; empty if it names none
    alike  what causes that are the same have in common
    """

    kind: str
    text: str
    read: str = ""
    alike: str = ""


def cause_of(name, message, task):
    """The `Cause` that an error's name and message tell of a test of ``task``."""
    name, message = strip_ansi(name), strip_ansi(message)
    read = _READ.search(message)
    read = _short(read[1]).strip('"“”') if read else ""
    if name == _UNWRITTEN or _UNWRITTEN in message:
        return Cause(UNWRITTEN, "not written", read, f"{UNWRITTEN} {task}")
    if told := _CAUSE.search(message):
        text = _short(told[1])
        return Cause(CAUSE, text, read, text)
    line = next((line for line in message.splitlines() if line.strip()), "")
    text = _short(f"{name}: {line}" if line else name)
    return Cause(MESSAGE, text, read, f"{task} {_alike(text)}")


def _alike(text):
    """A message without its numbers, which differ from answer to answer."""
    return _NUMBER.sub("…", _ADDRESS.sub("…", text))


def _short(text):
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]} …"
