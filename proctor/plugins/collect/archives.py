"""``nbgrader zip_collect``: in place of nbgrader's plugins that unpack and that read file names."""

import bz2
import collections
import gzip
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from zoneinfo import available_timezones

from nbgrader.api import Gradebook
from nbgrader.plugins import ExtractorPlugin
from nbgrader.plugins import FileNameCollectorPlugin as StockCollector
from traitlets import Bool, CaselessStrEnum, Enum, Integer, TraitError, Unicode, validate

from proctor.lms import NAMES
from proctor.plugins import gradebook
from proctor.plugins.collect.names import odd, shown, student_problem
from proctor.plugins.collect.screen import (
    SPECIAL,
    Screen,
    Told,
    megabytes,
    moment,
    now,
    pour,
    unclear,
)

_BLOCK = 1 << 16
_DASHED = re.compile(r"^(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)$")
_FEW = 50  # files that each archive in an archive may hold in any case
_DAY = timedelta(days=1)  # a learning system may write its local time


class TooLarge(Exception):
    """An archive unpacks to more than it may."""


class Extractor(ExtractorPlugin):
    """Unpacks what students uploaded, no more than the limits, nothing but plain files.

    An archive may unpack to ``CourseDirectory.max_dir_size`` and ``Screen.max_files``, or to
    ``ratio`` times its own size and a file for every 1000 bytes of it if that is more: one archive
    may hold a whole class. What goes beyond that is left out, beginning with the largest. Each
    archive in an archive has a share of its own, so that one student's does not use up another's.
    """

    ratio = Integer(20, help="How many times its own size an archive may unpack to.").tag(
        config=True
    )
    max_nesting = Integer(3, help="Levels of archives in archives that are unpacked.").tag(
        config=True
    )

    def extract(self, archive_path, extracted_path):
        """Unpack or copy every file of a folder; log what is left out and go on."""
        self.screen = Screen(coursedir=self.parent.coursedir, parent=self.parent)
        self.told = Told(self.log)
        top, done, refused = Path(archive_path), 0, 0
        for folder, names, files in os.walk(top):
            for name in [*names, *files]:
                path = Path(folder, name)
                kind = stat.S_IFMT(path.lstat().st_mode)
                to = Path(extracted_path, path.relative_to(top))
                problem = odd(name) or SPECIAL.get(kind)
                try:
                    if problem:
                        self._say(path.relative_to(top), problem)
                        refused += 1
                    elif kind == stat.S_IFREG:
                        to.parent.mkdir(parents=True, exist_ok=True)
                        done += self._take(path, to)
                # Archives fail in many ways: whatever it is, the others are unpacked.
                except Exception as error:
                    refused += 1
                    self._say(path.relative_to(top), _why(error))
            names[:] = [name for name in names if not odd(name)]
        if self.told.end():
            end_with_failure(self.parent, "some of what was unpacked")
        if done == refused == 0:
            self.log.warning("No files found in directory: %s", archive_path)
        elif refused:
            self.log.warning("%d files and archives taken, %d refused", done, refused)

    def _take(self, path, to):
        if path.suffix not in self.zip_ext:
            with open(to, "xb") as copy, open(path, "rb") as file:
                shutil.copyfileobj(file, copy)
            return 1
        self.log.info("Extracting from: %s", shown(path))
        self._unpack(path, _stem(to), self._budget(path, None), self.max_nesting)
        return 1

    def _budget(self, archive, parent):
        size = archive.stat().st_size
        return _Budget(
            max(1000 * self.parent.coursedir.max_dir_size, self.ratio * size),
            max(self.screen.max_files, size // 1000),
            parent,
        )

    def _unpack(self, archive, folder, budget, levels):
        """Unpack one archive into a folder, and archives in it beside themselves.

        FileExistsError: the folder is there. TooLarge, or whatever a damaged archive raises:
        nothing of it is left.
        """
        folder.mkdir(parents=True)
        nested, taken = [], 0
        try:
            for name, problem, read in _members(archive, budget):
                budget.charge(0, 1)
                if not read:  # a folder
                    continue
                problem = problem or self._misplaced(name)
                path = Path(folder, *_parts(name))
                try:
                    problem = problem or _write(path, read, budget)
                except (FileExistsError, NotADirectoryError, IsADirectoryError):
                    problem = "another file has its place"
                except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
                    path.unlink(missing_ok=True)
                    problem = "it is damaged"
                except TooLarge as error:
                    if not taken:
                        raise
                    problem = str(error)
                if problem:
                    self._say(f"{archive.name}/{name}", problem)
                    continue
                taken += 1
                if path.suffix in self.zip_ext:
                    nested.append(path)
        except BaseException:
            budget.give_back()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if nested:
            self._unpack_nested(archive, nested, budget, levels)

    def _unpack_nested(self, archive, nested, budget, levels):
        """Unpack the archives in an archive; who needs more than a share comes after all others.

        A share is an equal part, or what the archive's size lets expect if that is more.
        """
        if not levels:
            why = f"more than {self.max_nesting} levels of archives in archives"
            for path in nested:
                self._say(f"{archive.name}/{path.name}", why)
            return
        sizes, most = {path: path.stat().st_size for path in nested}, budget.most[0]
        files = budget.most[1] + _FEW * len(nested)
        inner = _Budget(2 * most, files, budget.parent)
        equal, scale = most // len(nested), min(1, most / max(1, self.ratio * sum(sizes.values())))
        large = []
        for path, size in sizes.items():
            share = max(equal, int(scale * self.ratio * size)), max(_FEW, size // 1000)
            try:
                self._unpack(path, _stem(path), _Budget(*share, inner), levels - 1)
            except TooLarge:
                large.append(path)
            except Exception as error:
                self._say(f"{archive.name}/{path.name}", _why(error))
        for path in sorted(large, key=sizes.get, reverse=True):
            try:
                self._unpack(path, _stem(path), self._budget(path, inner), levels - 1)
            except Exception as error:
                self._say(f"{archive.name}/{path.name}", _why(error))

    def _misplaced(self, name):
        """What is wrong with a member's path."""
        parts = _parts(name)
        if PureWindowsPath(name).drive or PureWindowsPath(name).root:
            return "an absolute path"
        if len(parts) > self.screen.max_depth:
            return f"deeper than {self.screen.max_depth} levels"
        return next(filter(None, map(odd, parts or [""])), None)

    def _say(self, path, problem):
        self.told.say(shown(path), "is left out", problem)


class FileNameCollector(StockCollector):
    """Reads whose file it is from its name, and refuses a name that could be two students'.

    Names of a learning system's archive are known by the system's name (``lms``); others are read
    by nbgrader's ``named_regexp``.
    """

    lms = CaselessStrEnum(
        ["", *NAMES],
        "",
        help=f"The learning system that an archive is from: {', '.join(NAMES)}.",
    ).tag(config=True)
    anonymous = Enum(
        ("refuse", "take"),
        "refuse",
        help="What to do with a submission whose person the system keeps back: with `take` it is "
        'that of a student who is called so (needs c.Screen.strangers = "take").',
    ).tag(config=True)
    by_name = Bool(
        False,
        help="Whether a name that one person of the class has is enough, where an archive says "
        "nothing else (Brightspace).",
    ).tag(config=True)
    timezone = Unicode(
        "UTC", help="Zone of the times that a system writes without one, as Europe/Vienna."
    ).tag(config=True)

    @validate("timezone")
    def _is_a_zone(self, proposal):
        if proposal["value"] not in available_timezones():
            raise TraitError(
                f"there is no time zone {proposal['value']!r}: write Europe/Vienna, say"
            )
        return proposal["value"]

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        if self.parent and (self.lms or not self.named_regexp):
            self._stock = self.parent._collect_files
            self.parent._collect_files = self._collect_files

    def _collect_files(self, files):
        from proctor.plugins.collect.downloaded import Downloaded  # every command imports this file

        return Downloaded(self).collect(files, self._stock)

    def collect(self, submitted_file):
        """As nbgrader's, but None also for a file that is not to be collected."""
        if submitted_file in self._plan:
            return self._plan[submitted_file]
        return self._read(submitted_file)[0]

    @cached_property
    def _plan(self):
        """{file: what its name says, None if it is not collected} of all that was extracted."""
        if not self.parent:
            return {}
        plan, problems, seen = {}, {}, collections.defaultdict(list)
        for folder, _, files in os.walk(self._extracted):
            for path in (os.path.join(folder, name) for name in files):
                info, problem = self._read(path)
                plan[path] = info
                if problem:
                    problems[path] = problem
                elif info and isinstance(info.get("student_id"), str) and info.get("file_id"):
                    file = os.path.splitext(info["file_id"])[0] + os.path.splitext(path)[1]
                    seen[info["student_id"], PurePosixPath(file)].append(path)
        known = self._roster | {student for student, _ in seen}
        for (student, file), paths in seen.items():
            others = {path: self._other_students(path, student) for path in paths}
            plain = [path for path in paths if not others[path]]
            kept = []
            for path in paths:
                # Whom the gradebook knows may be meant; whose own file is there is not.
                if others[path] and (plain or others[path] & known):
                    names = " or ".join(map(shown, sorted({student, *others[path]})))
                    problems[path] = f"it could be of {names}"
                else:
                    kept.append(path)
            untimed = len(kept) > 1 and not all(plan[path].get("timestamp") for path in kept)
            if untimed or any((student, parent) in seen for parent in file.parents):
                what = f"{shown(student)} has another {shown(file)}, and none is later"
                problems.update(dict.fromkeys(kept, what))
        for path, problem in problems.items():
            plan[path] = None
            self.told.say(self._shown(path), "is left out", problem)
        self.told.end()
        for student in sorted(known - self._roster) if self._roster else ():
            self.log.warning("%s has a submission, but is not in the gradebook", student)
        if problems:
            self.log.warning("Left out because of their names: %d", len(problems))
            end_with_failure(self.parent, "files with such names")
            if not any(plan.values()):
                self.parent.fail("Nothing is left to collect: see the warnings above")
        return plan

    def _read(self, path):
        """(what a file's name says or None, what is wrong with it or None)."""
        info = super().collect(path)
        if info and info.get("timestamp"):
            info["timestamp"] = _spelled(info["timestamp"])
        if not info or not {"student_id", "file_id"} <= info.keys():
            return info, None  # nbgrader says it
        file = info["file_id"] or ""
        if what := student_problem(info["student_id"] or ""):
            return None, f"the student's name in it is {what}"
        if what := next(filter(None, map(odd, file.split("/"))), None):
            return None, f"the file's name in it is {what}"
        first = self._first(path, info)
        if first != info.get("timestamp"):
            what = "the file's name carries another, which the student may have chosen"
            self.told.say(self._shown(path), "has the time of its outermost archive", what)
            info["timestamp"] = first
        time = info.get("timestamp") and moment(info["timestamp"])
        if info.get("timestamp") and (time is None or time > now() + _DAY):
            what = "no time" if time is None else "a time in the future"
            what = unclear(info["timestamp"]) or what
            self.told.say(self._shown(path), "is collected without a time", f"its name has {what}")
            info["timestamp"] = None
        if os.path.splitext(file)[0] == "timestamp":
            if info.get("timestamp"):
                return None, "its name holds the time, this file of the student does not count"
            what = "it was written by the student"
            self.told.say(self._shown(path), "is the time that counts", what)
        return info, None

    def _first(self, path, info):
        """The time that the outermost name says in which the expression finds the student."""
        same = [one for one in self._readings(path) if one["student_id"] == info["student_id"]]
        first = min(same, key=lambda one: one.start("student_id"), default=None)
        return _spelled(first.groupdict().get("timestamp")) if first else info.get("timestamp")

    def _other_students(self, path, student):
        """Whom else the expression finds in a path.

        A student chooses the names of what is uploaded, and the learning system puts its own part
        before. Where both can be read as a student's, nothing says which part is which.
        """
        return {found["student_id"] for found in self._readings(path)} - {student}

    def _readings(self, path):
        """What the expression finds in a path, and finds once whom it has found is hidden."""
        start = len(self._extracted) + 1 if self.parent else 0
        for mask in "\0_":
            masked = path
            while match := re.match(self.named_regexp, masked):
                first, last = match.span("student_id")
                if first < start or not match["student_id"].strip(mask):
                    break
                yield match
                masked = masked[:first] + mask * (last - first) + masked[last:]

    @cached_property
    def _extracted(self):
        return self.parent._format_collect_path(self.parent.extracted_directory)

    @cached_property
    def _roster(self):
        """The students of the gradebook, none if there is no gradebook yet."""
        course = self.parent.coursedir
        if not gradebook.exists(course.db_url):
            return set()
        with Gradebook(course.db_url, course.course_id) as book:
            return {student.id for student in book.students}

    @cached_property
    def told(self):
        return Told(self.log)

    def _shown(self, path):
        return shown(os.path.relpath(path, self._extracted) if self.parent else path)


def _spelled(time):
    """A time such as 2026-01-30-15-30-10 so that it is read as the time that it is.

    nbgrader's documentation has it in this way, and takes it for another day's.
    """
    return time and _DASHED.sub(r"\1 \2:\3:\4", time)


def end_with_failure(app, what):
    """Let ``nbgrader zip_collect`` fail in its end, when all others are collected."""
    transfer = app._transfer_files

    def transfer_files(collected):
        transfer(collected)
        app.fail(f"Not collected, as said above: {what}")

    app._transfer_files = transfer_files


class _Budget:
    """What an archive may still unpack to; an archive in an archive draws on both."""

    def __init__(self, most_bytes, most_files, parent=None):
        self.bytes, self.files, self.parent = most_bytes, most_files, parent
        self.most = most_bytes, most_files
        # What is refused is given back, the work that it was is not.
        self.work = 10 * most_bytes

    def charge(self, size, files=0, work=None):
        """Draw on it; TooLarge if that is more than is left."""
        budget, over = self, False
        while budget:
            budget.bytes -= size
            budget.files -= files
            budget.work -= size if work is None else work
            over = over or min(budget.bytes, budget.files, budget.work) < 0
            budget = budget.parent
        if over:
            raise TooLarge(
                f"it unpacks to more than {megabytes(self.most[0])} or {self.most[1]} files"
            )

    def give_back(self):
        """Return what was drawn to what it was drawn from."""
        spent = self.most[0] - self.bytes, self.most[1] - self.files
        budget = self.parent
        while budget:
            budget.bytes += spent[0]
            budget.files += spent[1]
            budget = budget.parent


def _why(error):
    return str(error) if isinstance(error, TooLarge) else f"it cannot be unpacked: {error!r}"


def _parts(name):
    """The folders and the file of a member's name."""
    return [part for part in name.split("/") if part not in ("", ".")]


def _stem(path):
    """Where an archive is unpacked: its path without .zip, .gz or .tar.gz, as nbgrader does it."""
    path = path.with_suffix("")
    return path.with_suffix("") if path.suffix == ".tar" else path


def _write(path, read, budget):
    """Write one member; TooLarge: nothing of it is left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn = 0

    def blocks():
        nonlocal drawn
        while block := member.read(_BLOCK):
            drawn += len(block)
            budget.charge(len(block))
            yield block

    try:
        with open(path, "xb") as copy, read() as member:
            pour(blocks(), copy)
    except TooLarge:
        path.unlink()
        budget.charge(-drawn, work=0)
        raise


def _members(archive, budget):
    """Yield (name, what is wrong or None, what opens it; False for a folder) of an archive.

    Anything that ``zipfile`` or ``tarfile`` raises: it is damaged.
    """
    with open(archive, "rb") as file:
        if zipfile.is_zipfile(file):
            yield from _zip_members(file, budget)
        else:
            yield from _tar_members(file, budget)


def _zip_members(file, budget):
    # The table of contents is read as a whole, so its size is asked for first, where zipfile does.
    size = zipfile._EndRecData(file)[zipfile._ECD_SIZE]
    if size > 1000 * budget.files:
        raise TooLarge(f"its table of contents has {megabytes(size)}")
    with zipfile.ZipFile(file) as archive:
        # the small ones first: one that is too large is not to take the place of others
        for info in sorted(archive.infolist(), key=lambda info: info.file_size):
            kind = stat.S_IFMT(info.external_attr >> 16)
            problem = SPECIAL.get(kind)
            if info.flag_bits & 1:
                problem = "it is encrypted"
            elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                problem = "it is not compressed in the usual way"  # others unpack without bounds
            folder = info.is_dir()
            yield info.filename, problem, not folder and partial(archive.open, info)


def _tar_members(file, budget):
    file.seek(0)
    start = file.read(3)
    file.seek(0)
    kinds = {b"\x1f\x8b\x08": gzip.open, b"BZh": bz2.open}
    unpacked = kinds[start](file) if start in kinds else file
    most = 2 * budget.bytes + (1 << 20)  # headers and padding come on top of the files
    with tarfile.open(fileobj=_Limited(unpacked, most), mode="r|") as archive:
        for member in archive:
            problem = None if member.isreg() else "a link or a device"
            folder = member.isdir()
            yield member.name, problem, not folder and partial(archive.extractfile, member)


class _Limited:
    """A file that can be read for so many bytes."""

    def __init__(self, file, most):
        self.file, self.most = file, most

    def read(self, size):
        """As a file's."""
        block = self.file.read(min(size, _BLOCK))
        self.most -= len(block)
        if self.most < 0:
            raise TooLarge("it unpacks to more than it may")
        return block
