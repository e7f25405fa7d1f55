"""Outputs of a cell, as nbformat has them: recorded within limits, checked where they arrive."""

import contextlib
import json

# What is there at the end of a cell, and of a notebook; what is more is cut, and said to be.
CELL = 1_000_000  # characters
NUMBER = 1_000  # outputs of a cell
NOTEBOOK = 10_000_000  # characters

NAME = 80  # characters of an error's name
MESSAGE = 4_000  # … of its message
TRACEBACK = 20_000  # … of its traceback
_FRAME = 4_000  # … of one frame in it
_CUT = f"\n[output cut: a cell may leave {CELL:,} characters and {NUMBER:,} outputs]\n"
_TOO_MUCH = f"\n[output cut: a notebook may leave {NOTEBOOK:,} characters]\n"


class Outputs(list):
    """The outputs of one cell, up to a number of characters that are there at once."""

    def __init__(self):
        super().__init__()
        self._size, self._cut, self._clear = 0, False, False

    def record(self, output):
        """Append an output; what is beyond the limit leaves only one line that says so."""
        if self._clear:
            self.clear()
        if self._cut:
            return
        size = size_of(output)
        if self._size + size > CELL or len(self) >= NUMBER:
            self._cut = True
            output = stream("stdout", _CUT)
        elif output["output_type"] == "stream" and self and self[-1].get("name") == output["name"]:
            self[-1]["text"] += output["text"]
            self._size += size
            return
        self._size += size
        self.append(output)

    def replace(self, name, output):
        """Put an output in the place of each that was displayed by this name (its display id).

        One of an earlier cell is the business of whoever has that cell: an update is left for it.
        """
        shown = [place for place, known in enumerate(self) if known.get("display_id") == name]
        for place in shown:
            self._size += size_of(output) - size_of(self[place])
            self[place] = {**output, "display_id": name}
        if self._size > CELL:
            self.clear()
            self.record(stream("stdout", _CUT))
            self._cut = True
        elif not shown:
            self.record({**output, "output_type": UPDATE, "display_id": name})

    def clear(self, wait=False):
        """Take back what is there; ``wait``: not before something else comes."""
        self._clear = wait
        if not wait:
            super().clear()
            self._size, self._cut = 0, False


UPDATE = "update_display_data"  # not nbformat's: what an earlier cell displays is to be replaced


def stream(name, text):
    """A stream output as nbformat has it; `nbformat.v4.new_output` would validate every print."""
    return {"output_type": "stream", "name": name, "text": text}


def error(name, message, traceback=()):
    """An error output of bounded size; without a traceback it is one line."""
    name, message = short(name, NAME) or "Error", short(message, MESSAGE)
    lines, left = [], TRACEBACK
    for line in reversed(traceback):  # the end of it says most
        line = short(line, _FRAME)
        left -= len(line)
        if left < 0:
            lines.append("[…]")
            break
        lines.append(line)
    lines = lines[::-1] or [f"{name}: {message}" if message else name]
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": lines}


def short(text, most):
    """A text that UTF-8 can hold, of so many characters at most."""
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def size_of(output):
    """Characters in an output, at any depth."""
    if output["output_type"] == "stream":  # most are: the same, by looking at less
        return _STREAM + len(output["name"]) + len(output["text"])
    return _characters(output)


def _characters(value):
    """Characters in a value, at any depth."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(_characters, value.values())) + sum(map(len, filter(_is_text, value)))
    if isinstance(value, (list, tuple)):
        return sum(map(_characters, value)) + len(value)
    return 8


def _is_text(value):
    return isinstance(value, str)


_STREAM = _characters(stream("", ""))


class Room:
    """What is left of a notebook's limit, and which of its outputs can still be replaced."""

    def __init__(self):
        self._left, self._displayed = NOTEBOOK, {}

    def take(self, outputs):
        """Return the outputs of the next cell as far as there is room, else a line that says so.

        An update goes to the outputs of earlier cells that were displayed by its name.
        """
        kept, cut = [], False
        for output in outputs:
            name = output.pop("display_id", None)
            if output["output_type"] == UPDATE:
                for known in self._displayed.get(name, ()):
                    self._replace(known, output)
            elif self._fits(size_of(output)):
                kept.append(output)
                if name is not None:
                    self._displayed.setdefault(name, []).append(output)
            else:
                cut = True
        return [*kept, stream("stdout", _TOO_MUCH)] if cut else kept

    def _fits(self, size):
        fits = size <= self._left
        self._left -= size * fits
        return fits

    def _replace(self, known, output):
        self._left += _characters(known["data"])
        fits = self._fits(_characters(output["data"]))
        known["data"] = output["data"] if fits else {"text/plain": _TOO_MUCH.strip()}
        known["metadata"] = output["metadata"] if fits else {}


def clean(outputs):
    """Return outputs that came from another process, checked; ValueError if they are none."""
    try:
        found = [_checked(output) for output in outputs[: NUMBER + 2]]
    except Exception:
        raise ValueError("it is no output of a notebook") from None
    if len(outputs) > NUMBER + 1 or sum(map(size_of, found)) > 2 * CELL:
        raise ValueError(f"more than {NUMBER:,} outputs or {CELL:,} characters")
    return found


def showable(outputs):
    """What a cell printed and displayed, or a line if that cannot be shown."""
    try:
        return clean(outputs)
    except ValueError as why:
        return [stream("stdout", f"What this cell displayed cannot be shown: {why}.\n")]


def read(told):
    """(outputs, names, outcome) of what a student's process tells: JSON texts, each for itself.

    What is none of this is None, or no names.
    """
    told = told if type(told) is tuple and len(told) == 3 else (None, None, None)
    outputs, names, outcome = map(_read, told)
    return outputs, {n for n in names if type(n) is str} if type(names) is list else set(), outcome


def _read(text, most=16_000_000):
    """What a JSON text says, or None.

    most  characters; a cell's outputs are cut at 1,000,000, and JSON takes up to 12 for one
    """
    with contextlib.suppress(ValueError, RecursionError):
        if type(text) is str and len(text) <= most:
            return json.loads(text)
    return None


def _checked(raw):
    """One output as nbformat has it, checked field by field; ValueError if it is none."""
    kind = raw["output_type"]
    if kind == "stream" and raw["name"] in ("stdout", "stderr"):
        return stream(raw["name"], text_of(raw["text"]))
    if kind == "error":
        lines = [text_of(line) for line in raw["traceback"]]
        return error(text_of(raw["ename"]), text_of(raw["evalue"]), lines)
    if kind not in ("display_data", "execute_result", UPDATE):
        raise ValueError("no output")
    found = {"output_type": kind, "data": _bundle(raw["data"])}
    found["metadata"] = _plain(raw["metadata"], dict)
    if kind == "execute_result":
        found["execution_count"] = raw["execution_count"]
        if type(found["execution_count"]) not in (int, type(None)):
            raise ValueError("no number")
    if "display_id" in raw:
        found["display_id"] = text_of(raw["display_id"])
    elif kind == UPDATE:
        raise ValueError("an update of nothing")
    return found


def _bundle(data):
    """A mime bundle: text for every type but JSON."""
    return {
        text_of(mime): _plain(value) if mime.endswith("json") else text_of(value)
        for mime, value in _plain(data, dict).items()
    }


def _plain(value, kind=object):
    """What JSON can hold, and nothing else; its text as `text_of` has it."""
    if not isinstance(value, kind):
        raise ValueError("of another type")
    return json.loads(text_of(json.dumps(value, ensure_ascii=False, allow_nan=False)))


def text_of(value):
    """A str that UTF-8 can hold."""
    if type(value) is not str:
        raise ValueError("no text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
