"""Sheet: a delimited text file in which cells are replaced, and every other byte stays.

`csv` forgets how a cell was quoted and how a line ended; a learning system compares what comes back
with what it gave.
"""

import codecs
import re
from dataclasses import dataclass, field

from proctor.lms import Unfit

LARGEST = 20_000_000  # bytes
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DELIMITERS = ",;\t"
# what a spreadsheet may take for a formula; of a number nothing
_FORMULA = tuple("=+-@\t\r＝＋－＠")


@dataclass
class Sheet:
    """Sheet: rows of cells as they are written.

    bom, encoding  bytes before the text, and how it is encoded
    delimiter      what stands between two cells
    rows           lists of cells, raw: with the quotes they have
    ends           what ends each row
    changed        places (row, column) that were replaced
    """

    bom: bytes
    encoding: str
    delimiter: str
    rows: list
    ends: list
    changed: set = field(default_factory=set)

    def value(self, row, column):
        """The text of a cell, without its quotes; empty beyond a row's end."""
        raw = self.rows[row][column] if column < len(self.rows[row]) else ""
        return unquoted(raw)

    def header(self, row=0):
        """The texts of a row."""
        return [unquoted(raw) for raw in self.rows[row]]

    def put(self, row, column, text):
        """Replace a cell; it is quoted if it was, or has to be."""
        was = self.rows[row][column]
        special = any(c in text for c in (self.delimiter, '"', "\n", "\r"))
        quoted = was.startswith('"') or special or _quotes_all(self.rows[row])
        self.rows[row][column] = '"' + text.replace('"', '""') + '"' if quoted else text
        self.changed.add((row, column))

    def data(self):
        """The file's bytes."""
        lines = zip(self.rows, self.ends, strict=True)
        text = "".join(self.delimiter.join(cells) + end for cells, end in lines)
        return self.bom + text.encode(self.encoding)


def read(data, western=False):
    """The `Sheet` of a file's bytes. Raises Unfit.

    western  read also what Windows' spreadsheets write in Western Europe; it comes back as UTF-8
    """
    if len(data) > LARGEST:
        raise Unfit(f"it has more than {LARGEST:,} bytes")
    bom = next((mark for mark in _BOMS if data.startswith(mark)), b"")
    encoding = _BOMS.get(bom, "utf-8")
    try:
        text = data[len(bom) :].decode(encoding)
    except UnicodeDecodeError:
        if western and not bom and b"\0" not in data:
            return read(data.decode("cp1252", errors="replace").encode())
        raise Unfit(f"it is no text in {encoding.upper()}: export it anew as CSV") from None
    if "\0" in text:
        raise Unfit("it is no text file: export it as CSV")
    delimiter = _delimiter(text)
    rows, ends = _parsed(text, delimiter)
    return Sheet(bom, encoding, delimiter, rows, ends)


def _delimiter(text):
    """What stands between two cells of the first line."""
    line = re.sub(r'"[^"]*"', "", text.split("\n", 1)[0])
    return max(_DELIMITERS, key=line.count)


def _parsed(text, delimiter):
    """(rows of raw cells, what ends each row) of a text."""
    d = re.escape(delimiter)
    cell = re.compile(
        rf'("(?:[^"]|"")*"(?={d}|\r|\n|\Z)|[^"{d}\r\n][^{d}\r\n]*|)({d}|\r\n|\n|\r|\Z)'
    )
    rows, ends, row, place = [], [], [], 0
    while place < len(text) or row:
        match = cell.match(text, place)
        if match is None:
            raise Unfit("a quotation mark in it is not closed")
        row.append(match[1])
        place = match.end()
        if match[2] != delimiter:
            rows.append(row)
            ends.append(match[2])
            row = []
    return rows, ends


def unquoted(raw):
    """A cell's text."""
    return (
        raw[1:-1].replace('""', '"') if raw[:1] == '"' and raw[-1:] == '"' and len(raw) > 1 else raw
    )


def _quotes_all(row):
    return bool(row) and all(raw.startswith('"') for raw in row)


def guarded(text):
    """A text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.lstrip("'\" ").startswith(_FORMULA) else text
