"""Said: the message of a failed test, taken apart where it is written for that.

A message may have these lines, each but the first begun by two spaces, and gone on with by four:

    task · property: what is wrong
      where, and whatever else there is to say
      Likely cause: a sentence
      This example: a sentence
      Read: "heading of a section"

Any other message is shown as it is.
"""

import re
from dataclasses import dataclass, field

_TITLE = re.compile(r"[\w .-]{1,80} · [^:\n]{1,80}: ")
_CAUSE, _EXAMPLE, _READ = "Likely cause: ", "This example: ", "Read: "


@dataclass
class Said:
    """What a failed test says.

    what   one clause: what is wrong
    where  further lines
    cause  the likely cause, or an empty string
    read   heading of a section, or an empty string
    """

    what: str
    where: list = field(default_factory=list)
    cause: str = ""
    read: str = ""


def said(message):
    """Return the `Said` of a message, None if it is not written for that."""
    first, *more = _unfolded(message)
    title = _TITLE.match(first)
    found = Said(first[title.end() :] if title else first)
    marked = bool(title)
    for line in more:
        if line.startswith(_CAUSE):
            found.cause, marked = _sentence(line.removeprefix(_CAUSE)), True
        elif line.startswith(_READ):
            found.read, marked = line.removeprefix(_READ).strip().strip('"'), True
        else:
            marked = marked or line.startswith(_EXAMPLE)
            found.where.append(line)
    return found if marked else None


def _unfolded(message):
    """The lines of a message, each with what goes on below it, without their indentation."""
    lines = [""]
    for line in message.split("\n"):
        if line.startswith("    ") or not lines[0]:
            lines[-1] = f"{lines[-1]} {line.strip()}".strip()
        else:
            lines.append(line.strip())
    return lines


def _sentence(text):
    text = text.strip()
    if text.split(" ")[0].isalpha():  # else it is a name in a program
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
