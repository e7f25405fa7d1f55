"""Back: an archive of feedback, named so that a learning system knows whose each file is."""

import io
import os
import zipfile
from dataclasses import dataclass

# so that the same feedback is the same archive, whenever it is made
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Feedback:
    """Feedback: how a learning system takes files back.

    top        the folder around all of it, with ``{assignment}``; empty if there is none
    notebooks  whether only the files that were handed in go back, under their downloaded names,
               rather than pages in each person's folder
    notes      what whoever uploads it has to know
    """

    top: str = ""
    notebooks: bool = False
    notes: tuple = ()

    def path(self, assignment, place, file):
        """A file's path in the archive; ``place`` is the person's in the archive that came."""
        top = self.top.format(assignment=assignment)
        return "/".join(filter(None, (top, place, "" if self.notebooks else file)))


def packed(files):
    """The bytes of a zip of {path: bytes}."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            about = zipfile.ZipInfo(path, _TIME)
            about.compress_type = zipfile.ZIP_DEFLATED
            about.external_attr = 0o644 << 16
            archive.writestr(about, files[path])
    return made.getvalue()


def suffix(path):
    """A file's extension, in small letters."""
    return os.path.splitext(path)[1].casefold()
