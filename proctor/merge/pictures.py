"""Pictures that a student pasted into a text: kept if they are pictures."""

import base64
import binascii

from proctor.merge.cell import MEGABYTE

MOST = 20 * MEGABYTE  # characters of a notebook's pictures, as they are written in it
_NUMBER = 50  # of a cell's
_NAME = 200  # characters of one's name
_BEGINNINGS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}


def pictures(attachments, left=MOST):
    """The pictures among a cell's attachments, as {name: {type: data in base64}}.

    left  characters that there is room for; what goes beyond is left out
    """
    found = {}
    if not isinstance(attachments, dict):
        return found
    for name, bundle in list(attachments.items())[:_NUMBER]:
        for kind in _BEGINNINGS.keys() & (bundle if isinstance(bundle, dict) else {}).keys():
            data = _clean(bundle[kind], _BEGINNINGS[kind])
            if data and len(name) <= _NAME and name.isprintable() and len(data) <= left:
                left -= len(data)
                found.setdefault(name, {})[kind] = data
    return found


def size(found):
    """How many characters pictures have."""
    return sum(len(data) for bundle in found.values() for data in bundle.values())


def _clean(data, beginning):
    """Base64 of a picture, nothing but that; None if it is none."""
    if isinstance(data, list):  # of lines
        data = "".join(line for line in data if isinstance(line, str))
    if not isinstance(data, str) or len(data) > MOST:
        return None
    try:
        picture = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(picture).decode() if picture.startswith(beginning) else None
