"""What may be in a submission, and what is left out of it."""

import collections
import contextlib
import fnmatch
import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath

from nbgrader.api import Student
from nbgrader.utils import parse_utc
from traitlets import Enum, Instance, Integer
from traitlets.config import LoggingConfigurable

from proctor.files import check_readable, read
from proctor.merge import Note
from proctor.plugins import gradebook
from proctor.plugins.collect.names import odd, refusal, shown
from proctor.plugins.resume import student_of
from proctor.wording import reason

SPECIAL = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
NBGRADERS = ("timestamp.txt", "submission_secret.txt")  # files that nbgrader itself reads
STRANGER = (
    "{} is not in the gradebook's list of the class: `nbgrader db student add` enters them, "
    'c.Screen.strangers = "take" takes whoever hands in'
)
_TOLD = 20  # findings that are written out; the rest is counted
# Neither a link nor a pipe that was put there since it was looked at is followed or waited for.
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Finding:
    """What was noticed in a submission.

    what      a sentence for the student and the instructor (Markdown)
    path      of the entry that is not taken, relative to the submission; None if all is taken
    """

    what: str
    path: PurePosixPath | None = None


class Screen(LoggingConfigurable):
    """Looks through a folder that a student filled.

    Sizes are nbgrader's ``CourseDirectory.max_file_size`` and ``max_dir_size``.
    """

    max_files = Integer(2000, help="Entries of a submission that are taken.").tag(config=True)
    max_depth = Integer(20, help="Levels of folders of a submission that are taken.").tag(
        config=True
    )
    tolerance = Integer(
        300, help="Seconds by which a submission's time may differ from the file system's."
    ).tag(config=True)
    strangers = Enum(
        ("refuse", "take"),
        "refuse",
        help="What to do with a submission of somebody who is not in the class, if the gradebook "
        "has a list of it (names or addresses, as `nbgrader db student import` enters them).",
    ).tag(config=True)
    coursedir = Instance("nbgrader.coursedir.CourseDirectory")

    def walk(self, folder, assignment, ignore=()):
        """Yield (path, status, parent's descriptor, finding) of a folder's entries.

        ignore  patterns of names to pass over without a word

        No link is followed and no file is opened. An entry with a finding that has a path is not
        to be taken (its status may be None). Notebooks and the time come before what may use up
        the limits.
        """
        top = os.open(folder, _FOLDER)
        try:
            source = Path(
                self.coursedir.format_path(self.coursedir.source_directory, ".", assignment)
            )
            owner = os.fstat(top).st_uid
            room = _Room(self.max_files, 1000 * self.coursedir.max_dir_size)
            yield from self._walk(top, PurePosixPath(), source, owner, ignore, room)
        finally:
            os.close(top)

    def _walk(self, parent, at, source, owner, ignore, room):
        for name in sorted(os.listdir(parent), key=_rank):
            if any(fnmatch.fnmatch(name, pattern) for pattern in ignore):
                continue
            path = at / name
            try:
                status = os.stat(name, dir_fd=parent, follow_symlinks=False)
            except FileNotFoundError:  # gone since
                continue
            except OSError:
                yield path, None, parent, _left_out(path, "it cannot be read")
                continue
            objection = (
                odd(name)
                or SPECIAL.get(stat.S_IFMT(status.st_mode))
                or self._collision(path, status, source)
                or self._hard_link(status, owner)
                or self._beyond(path, status, room)
            )
            folder = None
            if not objection and stat.S_ISDIR(status.st_mode):
                try:
                    folder = os.open(name, _FOLDER, dir_fd=parent)
                except OSError:
                    objection = "a folder that cannot be read"
            if objection:
                yield path, status, parent, _left_out(path, objection)
                continue
            if folder is None:
                finding = None
                if PureWindowsPath(name).is_reserved():
                    finding = Finding(f"{shown(path)} has a name that Windows cannot hold.")
                yield path, status, parent, finding
                continue
            try:
                yield path, status, parent, None
                yield from self._walk(folder, path, source, owner, ignore, room)
            finally:
                os.close(folder)

    def _collision(self, path, status, source):
        """A folder where the assignment has a file, or a file where it has a folder."""
        folder = stat.S_ISDIR(status.st_mode)
        if folder and str(path) in NBGRADERS:
            return "a folder, but nbgrader has a file of this name"
        try:
            given = (source / path).stat()
        except OSError:
            return None
        if stat.S_ISDIR(given.st_mode) == folder:
            return None
        return (
            "a folder, but the assignment has a file of this name"
            if folder
            else ("a file, but the assignment has a folder of this name")
        )

    def _hard_link(self, status, owner):
        """A second name of a file that is another account's, or the course's own."""
        if status.st_nlink < 2 or not stat.S_ISREG(status.st_mode):
            return None
        own = status.st_uid == owner and (status.st_dev, status.st_ino) not in self._courses_files
        return None if own else "a second name of a file that belongs to someone else"

    @cached_property
    def _courses_files(self):
        """(device, inode) of what no submission may be a name of; asked for rarely."""
        course = self.coursedir
        root = Path(course.root)
        steps = (
            course.source_directory,
            course.source_with_tests_directory,
            course.solution_directory,
            course.autograded_directory,
            course.feedback_directory,
        )
        files = [path for path in root.iterdir() if path.is_file()]
        for step in steps:
            for folder, _, names in os.walk(root / step):
                files += [Path(folder, name) for name in names]
        found = set()
        for path in files:
            with contextlib.suppress(FileNotFoundError):  # a database's journal comes and goes
                status = path.lstat()
                found.add((status.st_dev, status.st_ino))
        return found

    def _beyond(self, path, status, room):
        """What is larger, deeper or more than the limits; else it is taken from what is left."""
        room.files -= 1
        if room.files < 0:
            return f"the submission has more than {self.max_files} files and folders"
        if stat.S_ISDIR(status.st_mode):
            if len(path.parts) > self.max_depth:
                return f"a folder deeper than {self.max_depth} levels"
            return None
        most = 1000 * self.coursedir.max_file_size
        if status.st_size > most:
            return f"larger than the {megabytes(most)} that a file may have"
        if status.st_size > room.bytes:
            most = 1000 * self.coursedir.max_dir_size
            return f"beyond the {megabytes(most)} that a submission may have"
        room.bytes -= status.st_size
        return None

    def copy(self, folder, target, assignment, owners=True, until=None):
        """Copy a submission's folder to a new one; return the findings.

        owners  say which files are another account's than the folder
        until   when it was handed in (UTC): what another account changed later is left out

        What nbgrader ignores (``CourseDirectory.ignore``, ``include``) is passed over silently.
        OSError: the target cannot be written.
        """
        course = self.coursedir
        shared = 0o2770 if course.groupshared else 0
        slack = timedelta(seconds=self.tolerance)
        target.mkdir(parents=True)
        top = os.lstat(folder)
        findings = []
        for path, status, parent, finding in self.walk(folder, assignment, course.ignore):
            if finding:
                findings.append(finding)
                if finding.path:
                    continue
            if owners and status.st_uid != top.st_uid:
                if until and stat.S_ISREG(status.st_mode) and changed_at(status) > until + slack:
                    why = "another account changed it after the submission was handed in"
                    findings.append(_left_out(path, why))
                    continue
                what = f"{shown(path)} is another account's than the rest of the submission."
                findings.append(Finding(what))
            to = target / path
            if stat.S_ISDIR(status.st_mode):
                to.mkdir(exist_ok=True)
                to.chmod(status.st_mode & 0o755 | 0o700 | shared)
            elif any(fnmatch.fnmatch(path.name, pattern) for pattern in course.include or "*"):
                problem = _copy(path.name, parent, status, to)
                if problem:
                    findings.append(_left_out(path, problem))
                else:
                    to.chmod(status.st_mode & 0o755 | 0o600 | shared & 0o660)
                    os.utime(to, ns=(status.st_atime_ns, status.st_mtime_ns))
        target.chmod(top.st_mode & 0o755 | 0o700 | shared)  # nbgrader's `submit` makes it 0777
        return findings

    def inspect(self, folder, assignment):
        """The findings of a folder, everything in it looked at."""
        findings = [found for *_, found in self.walk(folder, assignment) if found]
        return findings + self._look_at_time(folder)

    def _look_at_time(self, folder):
        text = read(Path(folder, NBGRADERS[0]), 1000)
        if text is None:
            return []
        claimed = moment(text)
        if claimed is None:
            why = unclear(text) or "it holds no time"
            return [_left_out(PurePosixPath(NBGRADERS[0]), why)]
        if claimed > now() + timedelta(seconds=self.tolerance):
            return [Finding(f"`timestamp.txt` says {claimed:%Y-%m-%d %H:%M} UTC, in the future.")]
        return []


def _rank(name):
    return not (name.endswith(".ipynb") or name in NBGRADERS), name


def _left_out(path, why):
    return Finding(f"{shown(path)} was left out: {why}.", path)


_LEFT_OUT = re.compile(r"(`[^`]+`) was left out: (.+)\.")


@dataclass
class _Room:
    """What is left of the limits."""

    files: int
    bytes: int


def _copy(name, parent, status, to):
    """Copy one regular file; return what is wrong with it, None if nothing is."""
    try:
        descriptor = os.open(name, _FILE, dir_fd=parent)
    except OSError:
        return "it cannot be read"
    with open(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        # A number alone is not enough: a deleted file's goes to the next file that is made.
        if not (stat.S_ISREG(found.st_mode) and os.path.samestat(found, status)):
            return "it was exchanged while it was collected"
        if os.path.lexists(to):  # on a file system that does not tell A from a
            return "it has the name of another file, but for capital letters"
        with open(to, "xb") as copy:
            pour(_blocks(file, status.st_size), copy)  # what was weighed, however much it grows
    return None


def _blocks(file, left):
    while left and (block := file.read(min(left, 1 << 16))):
        yield block
        left -= len(block)


def pour(blocks, file):
    """Write blocks of bytes into a new file; zeros take no room on the disk."""
    for block in blocks:
        if block.count(0) == len(block):
            file.seek(len(block), os.SEEK_CUR)
        else:
            file.write(block)
    file.truncate()


class Told:
    """Says what is left out, once a kind: the first few by name, of the others how many."""

    def __init__(self, log, most=5):
        self.log, self.most, self.kinds = log, most, collections.Counter()

    def say(self, who, what, why):
        """Log one: who, what becomes of it, and why."""
        kind = re.sub(r"`[^`]*`|\d+", "…", f"{what}: {why}")
        self.kinds[kind] += 1
        if self.kinds[kind] <= self.most:
            self.log.warning("%s %s: %s", who, what, why)

    def end(self):
        """Log how many more there were of each kind; return how many in all."""
        for kind, number in self.kinds.items():
            if number > self.most:
                self.log.warning("… and %s more: %s", f"{number - self.most:,}", kind)
        return sum(self.kinds.values())


def named(names, most=5):
    """Some of the names, shown harmlessly, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(shown, names[:most])) + more


def changed_at(status):
    """When a file was last changed, in UTC: the time that only the system sets."""
    return datetime.fromtimestamp(status.st_ctime, UTC).replace(tzinfo=None)


_NUMBERS = re.compile(r"\s*(\d\d?)([/.-])(\d\d?)\2(\d{4})(?!\d)")


def unclear(text):
    """Which two days a text may mean, as `11/02/2026` does; None if it means one."""
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    match = _NUMBERS.match(text)
    if not match:
        return None
    one, other, year = int(match[1]), int(match[3]), match[4]
    if one == other or not (1 <= one <= 12 and 1 <= other <= 12):
        return None
    days = f"{year}-{one:02}-{other:02} or {year}-{other:02}-{one:02}"
    return f"its day may be {days}: write the one that is meant in this form"


def moment(text):
    """The time that a text or its bytes say, in UTC without a zone; None if they say none.

    Nor do they where they may mean two days (`unclear`): nobody's work is late by a guess.
    """
    if unclear(text):
        return None
    try:
        return parse_utc((text.decode() if isinstance(text, bytes) else text).strip())
    # not UTF-8, no date, a date or an offset out of range, a zone that is looked for as a file
    except (ValueError, OverflowError, TypeError, OSError):
        return None


def now():
    """The time, in UTC without a zone, as nbgrader has it."""
    return datetime.now(UTC).replace(tzinfo=None)


def megabytes(number):
    """A number of bytes in words."""
    return f"{number / 1e6:.3g} MB"


# --- What was found, for the feedback -------------------------------------------------------------


def _beside(folder, what):
    """A hidden place beside a submission: not graded, not copied, not the student's."""
    folder = Path(folder)
    return folder.with_name(f".{folder.name}.{what}")


def sentences(findings):
    """What the findings say, a line for each; of very many, the rest is counted."""
    lines = list(dict.fromkeys(finding.what for finding in findings))
    if len(lines) > _TOLD:
        lines[_TOLD:] = [f"The same or similar for {len(lines) - _TOLD} more."]
    return lines


def write_notes(folder, lines):
    """Keep lines beside a submission for its feedback, in place of what is there."""
    path = _beside(folder, "collected.txt")
    if lines:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def notes(folder):
    """What was found in the submission in ``submitted/``, for its feedback: a list of ``Note``."""
    kept = read(_beside(folder, "collected.txt"), 100_000) or b""
    found = []
    for line in kept.decode(errors="replace").splitlines():
        match = _LEFT_OUT.fullmatch(line)  # so that `describe` counts what is alike
        found.append(Note(*(match[1], line, match[2]) if match else ("", line, line)))
    return found


def refuse_names(converter):
    """Take off an nbgrader converter's list whose folder's name can be no student's id.

    Nor is graded who is not in the class, where the gradebook knows one (`Screen.strangers`).
    Each is an error line; returns {folder: OSError} of them.
    """
    course, refused = converter.coursedir, {}
    screen = Screen(coursedir=course, parent=converter)
    students = {folder: student_of(converter, folder) for folder in sorted(converter.assignments)}
    listed = set()
    if students and screen.strangers == "refuse":
        with gradebook.of(converter) as book:
            listed = roster(book)
    for folder, student in students.items():
        line = refusal(student)
        if not line and listed and student not in listed:
            line = STRANGER.format(shown(student))
        if line:
            del converter.assignments[folder]
            refused[folder] = OSError(line)
            converter.log.error("Not graded: %s", line)
    return refused


def roster(book):
    """The ids of the class; none if nobody said who is in it.

    A gradebook has a list of the class if it knows of anybody more than the id: nbgrader itself
    enters by the id alone whoever handed in.
    """
    rows = book.db.query(Student.id, Student.first_name, Student.last_name, Student.email).all()
    return {student for student, *_ in rows} if any(any(more) for _, *more in rows) else set()


def set_aside(converter):
    """Look through the folders that ``nbgrader autograde`` is about to read.

    converter  nbgrader's ``Autograde`` with its ``assignments`` found, nothing of them read yet

    nbgrader copies links' targets from there and waits for pipes, so what may not be in a
    submission is moved beside it. A folder that is a link itself, that cannot be read or cleared,
    is taken off the list with an error line; the others are graded. Returns {folder: OSError} of
    what was taken off.
    """
    course = converter.coursedir
    screen = Screen(coursedir=course, parent=converter)
    refused = {}
    for folder in list(converter.assignments):
        try:
            _clear(folder, screen)
        except OSError as error:
            del converter.assignments[folder]
            refused[folder] = error
            converter.log.error("%s is not graded: %s", folder, reason(error))
    return refused


def _clear(folder, screen):
    course = screen.coursedir
    for path in (Path(folder), *Path(folder).parents):
        if path == Path(course.root) or path.name == course.submitted_directory:
            break
        if path.is_symlink():
            raise OSError(f"{path} is a link. Copy what it points to if that is the submission.")
    # what this account cannot read is not the student's fault: it must not be graded as missing
    check_readable(folder, course.ignore)
    findings = screen.inspect(folder, course.assignment_id)
    aside = _beside(folder, "left-out")
    for finding in findings:
        if finding.path:
            to = aside / finding.path
            number = 0
            while os.path.lexists(to):
                number += 1
                to = to.with_name(f"{finding.path.name}.{number}")
            to.parent.mkdir(parents=True, exist_ok=True)
            os.rename(Path(folder, finding.path), to)
    if findings:
        lines = sentences(findings)
        for line in lines:
            screen.log.warning("%s: %s", folder, line)
        if any(finding.path for finding in findings):
            screen.log.warning("%s: what was left out is now in %s", folder, aside)
        write_notes(folder, dict.fromkeys([note.what for note in notes(folder)] + lines))
