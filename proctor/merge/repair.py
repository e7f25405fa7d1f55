"""Reads what can be read of a damaged file."""

import collections
import json
import re

# A file of much structure is given up after so many tokens, a few seconds' work.
_TOKENS = 1_000_000
_DEPTH = 64


def _integer(digits):
    """Python refuses to read very long integers; nothing here needs their value."""
    return int(digits) if len(digits) < 20 else 0


DECODER = json.JSONDecoder(strict=False, parse_int=_integer)


# A string ends at its line's end at the latest: in JSON it cannot go on, so a lost quotation mark
# costs one line. Possessive, so that no text takes more than linear time.
_TOKEN = re.compile(
    r'"(?P<string>(?:[^"\\\n]++|\\[^\n])*+)(?P<end>"?)(?P<key>\s*+:)?'
    r"|(?P<bracket>[\[\]{}])"
    r'|(?P<atom>[^\s"\[\]{},:]++)'
)
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')
_ATOMS = {"true": True, "false": False, "null": None}


class _Open:
    """An object or a list that is being read; ``value`` is None where it is too deep to matter."""

    __slots__ = ("before", "bracket", "broken", "key", "start", "value")

    def __init__(self, bracket, start, before, deep):
        self.bracket, self.start, self.before = bracket, start, before
        self.value = None if deep else {} if bracket == "{" else []
        self.key = None
        self.broken = False

    def put(self, value, broken=False):
        if isinstance(self.value, list):
            self.value.append(value)
            self.broken |= broken
        elif self.value is not None and self.key is not None:
            if not broken:
                self.value[self.key] = value
            self.key = None


class _Salvage:
    """Finds the cells in a text that is not JSON: objects with a cell type and a complete text.

    Nothing nested is followed by recursion, and what is closed is never looked at again.
    """

    def __init__(self):
        self.stack = []
        self.open = collections.Counter()
        self.found = []  # (start, cell)

    def feed(self, token):
        if token["bracket"]:
            self._bracket(token["bracket"], token.start())
        elif not self.stack:
            return
        elif token["string"] is None:
            atom = _atom(token["atom"])
            self.stack[-1].put(atom, broken=atom is _JUNK)
        elif token["key"]:
            self.stack[-1].key = _unescape(token["string"])
        else:
            self.stack[-1].put(_unescape(token["string"]), broken=not token["end"])

    def _bracket(self, bracket, start):
        if bracket in "[{":
            deep = len(self.stack) >= _DEPTH
            self.stack.append(_Open(bracket, start, len(self.found), deep))
            self.open[bracket] += 1
            return
        opening = "[" if bracket == "]" else "{"
        if not self.open[opening]:
            return
        while self.stack[-1].bracket != opening:
            self.close(whole=False)
        self.close(whole=True)

    def close(self, whole):
        """Close the innermost; one that lost its own bracket is not ``whole``."""
        top = self.stack.pop()
        self.open[top.bracket] -= 1
        broken = top.broken or not whole
        if top.bracket == "{":
            # a lost brace at an object's end does not damage what was read of it
            broken = False
            self._keep(top, whole)
        if self.stack:
            self.stack[-1].put(top.value, broken)

    def _keep(self, top, whole):
        value = top.value or {}
        if isinstance(value.get("cell_type"), str) and ("source" in value or "input" in value):
            if whole:  # what looks like cells within a cell (in its outputs) is part of it
                del self.found[top.before :]
            self.found.append((top.start, value))


def salvage(text):
    """The cells that are whole in a damaged text, in their order."""
    salvage = _Salvage()
    for count, token in enumerate(_TOKEN.finditer(text)):
        if count >= _TOKENS:
            break
        salvage.feed(token)
    while salvage.stack:
        salvage.close(whole=False)
    return [cell for _, cell in sorted(salvage.found, key=lambda found: found[0])]


_JUNK = object()


def _atom(text):
    if text in _ATOMS:
        return _ATOMS[text]
    try:
        return float(text[:40])
    except ValueError:
        return _JUNK


def _unescape(string):
    """The text of a JSON string; an escape that JSON does not know stays as it is written."""
    try:
        return DECODER.decode(f'"{string}"')
    except ValueError:
        return _ESCAPE.sub(lambda match: json.loads(f'"{match[0]}"'), string)
