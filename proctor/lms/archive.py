"""Archive: what the names in an archive of submissions say."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Entry: one way to read the path of a file; some paths can be read in several.

    who        whose it is, as the archive writes it
    keys       texts by which the learning system knows who that is; surest first
    file       the file's path within the submission; empty for what the system itself has added
    name       the person's or the group's name in it; empty if there is none
    place      the name in the archive that feedback has to carry
    kind       "", "group" or "anonymous"
    time       of handing in, without a zone (ISO 8601); of several attempts the last counts
    number     of an upload: of two files of one name the higher counts
    late       whether the system calls it late
    """

    who: str
    keys: tuple
    file: str
    name: str = ""
    place: str = ""
    kind: str = ""
    time: str = ""
    number: int = 0
    late: bool = False


GROUP, ANONYMOUS = "group", "anonymous"
DEPTH = 2  # a name stands at the archive's top, or in the folder that the archive was unpacked to


def outermost(parts, pattern, most=DEPTH):
    """(the match, parts behind it) of the first part that a pattern fits; (None, ()) if none.

    What lies deeper is called as its student likes.
    """
    for place, part in enumerate(parts[:most]):
        if match := pattern.fullmatch(part):
            return match, parts[place + 1 :]
    return None, ()


def joined(last, rest):
    """The path within a submission.

    last  the file's own name at the end of what the system wrote; if something lies behind it
          (``rest``), it is that of the student's own archive, which was unpacked
    """
    return "/".join(rest) if rest else last
