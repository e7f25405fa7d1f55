"""MathML: formulas in TeX as markup that browsers draw without a script.

``latex2mathml`` makes a tree of a formula; the markup is written from the tree here. Its own writer
undoes the escaping of what stands in a formula, which may be a student's.
"""

import re
from html import escape, unescape

from latex2mathml.converter import Converter

_TAGS = {
    *("math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mstyle", "merror", "mpadded"),
    *("mphantom", "mfrac", "msqrt", "mroot", "menclose", "mfenced", "msub", "msup", "msubsup"),
    *("munder", "mover", "munderover", "mmultiscripts", "mprescripts", "none"),
    *("mtable", "mtr", "mtd"),
}
_ATTRIBUTES = {
    *("display", "displaystyle", "scriptlevel", "stretchy", "fence", "form", "separator", "accent"),
    *(
        "accentunder",
        "movablelimits",
        "largeop",
        "symmetric",
        "minsize",
        "maxsize",
        "linethickness",
    ),
    *("lspace", "rspace", "width", "height", "depth", "voffset", "mathvariant", "mathcolor"),
    *("mathbackground", "columnalign", "columnlines", "rowlines", "columnspacing", "rowspacing"),
    *("notation", "open", "close", "separators"),
}
_DEEPEST = 60  # elements in one another
# what the converter does not know, as what it does
_SPELLED = (
    (re.compile(r"\\arg(?![a-zA-Z])"), r"\\operatorname{arg}"),
    (re.compile(r"\\operatorname\*"), r"\\operatorname"),
    (re.compile(r"\\(?:nonumber|notag)(?![a-zA-Z])|\\label\{[^{}]*\}"), ""),
)
_BRACKETS = {r"\{": "{", r"\}": "}", r"\|": "‖"}  # after \Big, say


def mathml(tex, display=False):
    """Return MathML for a formula; the TeX as it is written where it cannot be converted.

    display  whether it stands on a line of its own
    """
    try:
        known = tex
        for pattern, spelled in _SPELLED:
            known = pattern.sub(spelled, known)
        tree = Converter(display="block" if display else "inline").convert_to_element(known)
        return _written(tree)
    except Exception:  # whatever the converter makes of what is no TeX
        mark = "$$" if display else "$"
        return f"<code>{escape(mark + tex + mark)}</code>"


def _written(element, depth=0):
    """The markup of a tree; ValueError for what is no MathML, or still a command of TeX."""
    text = _BRACKETS.get(element.text, element.text or "")
    if element.tag not in _TAGS or depth > _DEEPEST:
        raise ValueError(element.tag)
    if text.startswith("\\") and element.tag != "mtext":
        raise ValueError(text)
    attributes = "".join(
        f' {name}="{escape(unescape(value))}"'
        for name, value in element.attrib.items()
        if name in _ATTRIBUTES and (name, value) != ("display", "inline")
    )
    inner = escape(unescape(text))
    inner += "".join(_written(child, depth + 1) for child in element)
    return f"<{element.tag}{attributes}>{inner}</{element.tag}>"


_MARK = re.compile("\ue000(\\d{1,9})\ue001")
# nh3 writes attributes in double quotes, and a quote in one as an entity
_PARTS = re.compile(r'(<(?:"[^"]*"|[^">])*>)')


class Formulas:
    """Formulas set aside while the text around them is rendered and cleaned."""

    def __init__(self):
        self.kept = []

    def keep(self, tex, display=False):
        """Return what stands for a formula meanwhile."""
        self.kept.append((tex, display))
        return f"\ue000{len(self.kept) - 1}\ue001"

    def put_back(self, html):
        """Return clean HTML with its formulas: MathML in text, TeX in a picture's alt."""
        parts = _PARTS.split(html)
        parts[::2] = [self._replaced(part, lambda kept: mathml(*kept)) for part in parts[::2]]
        parts[1::2] = [self._replaced(part, lambda kept: escape(kept[0])) for part in parts[1::2]]
        return "".join(parts)

    def _replaced(self, html, write):
        def written(mark):
            number = int(mark[1])
            return write(self.kept[number]) if number < len(self.kept) else ""

        return _MARK.sub(written, html)


def without_marks(text):
    """A text in which nothing stands for a formula yet."""
    return text.replace("\ue000", "\ufffd").replace("\ue001", "\ufffd")
