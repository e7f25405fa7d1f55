"""One submitted cell."""

import json
import re
from dataclasses import dataclass

MEGABYTE = 1_000_000
TEXT_LIMIT = MEGABYTE  # characters of a cell


@dataclass(slots=True)
class _Cell:
    """What is looked at in a submitted cell; ``text`` is None if there is none to take."""

    type: str
    text: str
    id: str
    grade_id: str
    role: object  # its nbgrader metadata
    tags: object
    attachments: object
    trouble: str = ""  # text, too-long or cleaned


def cell_of(raw, text_limit):
    """The cell that a JSON value is; None if it is none."""
    if not isinstance(raw, dict):
        return None
    metadata = as_dict(raw.get("metadata"))
    role = metadata.get("nbgrader")
    grade_id = role.get("grade_id") if isinstance(role, dict) else None
    text, trouble = _clean(raw["source"] if "source" in raw else raw.get("input"), text_limit)
    kind = raw.get("cell_type")
    level = raw.get("level")
    if kind == "heading" and isinstance(level, int) and text:  # of format 3
        text = "#" * min(max(level, 1), 6) + " " + text
    return _Cell(
        type=_type(kind, raw),
        text=text,
        id=raw["id"] if isinstance(raw.get("id"), str) else "",
        grade_id=grade_id if isinstance(grade_id, str) else "",
        role=role,
        tags=metadata.get("tags", []),
        attachments=raw.get("attachments"),
        trouble=trouble,
    )


def _type(kind, raw):
    if kind in ("code", "markdown", "raw"):
        return kind
    if kind in ("heading", "html"):  # of format 3
        return "markdown"
    return "code" if "outputs" in raw else "raw"


_SURROGATE = re.compile("[\ud800-\udfff]")


def _clean(source, text_limit):
    """A cell's text as nbformat can hold it, and what was the trouble with it."""
    text, trouble = source, ""
    if isinstance(source, list):
        trouble = "" if all(isinstance(part, str) for part in source) else "text"
        text = "".join(map(_word, source) if trouble else source)
    elif not isinstance(source, str):
        text, trouble = _word(source) or None, "text"
    if text is None:
        return None, trouble
    if len(text) > text_limit:
        return None, "too-long"
    fit = text if text.isascii() else _SURROGATE.sub("\ufffd", text)
    fit = fit.replace("\0", "")
    return fit, trouble or ("" if fit == text else "cleaned")


def _word(value):
    """Text that was saved as another type; nothing of what cannot have been text."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def as_dict(value):
    """A dict as it is; of anything else, none."""
    return value if isinstance(value, dict) else {}


_ITEMS = 50  # of a cell's tags, grading marks or attachments
_ID = 1_000  # characters


def to_plain(cell):
    """A cell as JSON has it, without what only takes room; None stays None."""
    if cell is None:
        return None
    plain = {name: getattr(cell, name) for name in cell.__slots__}
    plain |= {name: plain[name][:_ID] for name in ("id", "grade_id")}
    plain["role"] = bounded(cell.role, {})
    return plain | {name: bounded(plain[name], ["much"]) for name in ("tags", "attachments")}


def from_plain(plain):
    """The cell of `to_plain`."""
    return plain and _Cell(**plain)


def bounded(value, other):
    """A JSON value, or another in its place if it has more parts than are ever looked at."""
    try:
        text = json.dumps(value)
    except RecursionError:
        return other
    return value if sum(map(text.count, "[{,")) <= _ITEMS else other
