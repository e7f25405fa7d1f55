"""Whether an assignment was rehearsed as it is: kept by the content of its source."""

import functools
import hashlib
import json
import os

from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException

from proctor import __version__
from proctor.files import read
from proctor.plugins.collect.names import assignment_problem
from proctor.run.course import Course

_LONGEST = 10_000  # bytes of what is kept


def digest(course):
    """A text that is another one as soon as what a `Course`'s rehearsal depends on has changed.

    That is the text of its cells, what nbgrader and tags say of them, the files beside them, and
    the modules that they import from the course's folder. Outputs do not count.
    """
    given = course.assignment()
    content = hashlib.sha256(__version__.encode())
    for files in (given.files, given.private):
        for name, data in sorted(files.items()):
            content.update(f"{name}\0{len(data)}\0".encode() + data)
    content.update(json.dumps(course.cells(), sort_keys=True).encode())
    return content.hexdigest()


def keep(course, findings):
    """Keep that a course's assignment was rehearsed, and with how many findings that matter."""
    path = _file(course)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump({"digest": digest(course), "findings": findings}, file)


def line(course):
    """What to say of an assignment's rehearsal in one line; None if it went well."""
    name = course.name
    try:
        kept = json.loads(read(_file(course), _LONGEST) or b"{}")
        known, findings = kept.get("digest"), int(kept.get("findings", 0))
    except (ValueError, AttributeError, TypeError):
        known, findings = None, 0
    if known is None:
        return (
            f"{name} has not been rehearsed: `proctor rehearse {name}` tries its tests with right, "
            "blank and wrong answers"
        )
    if known != digest(course):
        return f"{name} has changed since it was rehearsed: `proctor rehearse {name}`"
    if findings:
        those = f"{findings} finding{'s' if findings > 1 else ''}"
        return f"the rehearsal of {name} had {those}: `proctor rehearse {name}` lists them"
    return None


def _file(course):
    return os.path.join(course.root, ".proctor", f"{course.name}.rehearsed.json")


@functools.cache
def remind():
    """Let ``nbgrader generate_assignment`` of this process say what `line` says; it blocks nothing.

    A hook of the configuration's would be replaced by an instructor's own.
    """
    stock = GenerateAssignment.start

    def start(self):
        if why := assignment_problem(self.coursedir.assignment_id):
            self.log.error("%s", why)  # whoever catches it says nothing
            raise NbGraderException(why)
        stock(self)
        try:
            told = line(Course(self.coursedir, self.coursedir.assignment_id))
        except (OSError, ValueError) as error:
            told = f"whether it was rehearsed cannot be told: {error}"
        if told:
            self.log.warning("%s", told)

    GenerateAssignment.start = start
