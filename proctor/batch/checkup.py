"""`proctor doctor`, of the course's folder: is what lies around the grader as grading needs it?

Versions, the gradebook, who can read the answers, nbgrader's exchange, room on the disks. Looked
at, not changed; by modes of files (what access lists add is not seen).
"""

import contextlib
import logging
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import nbgrader
from alembic.config import Config as Alembic
from alembic.script import ScriptDirectory
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeFactory
from nbgrader.exchange.default.exchange import Exchange
from packaging.requirements import Requirement
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from traitlets import default

from proctor.wording import first_line, reason

OK, LOOK, BAD = "ok", "look", "FAILED"
DISTRIBUTION = "nbgrader-proctor"
ROOM = 1 << 30  # bytes that should be free
FEW = 10_000  # files that should still fit


class Course(NbGrader):
    """The configuration of the course in the working directory, errors and all."""

    raise_config_file_errors = True

    @default("log_level")
    def _log_level_default(self):
        return logging.CRITICAL  # the report says it


@dataclass
class Finding:
    """What was looked at, what came of it (OK, LOOK, BAD), what was seen, and what to do."""

    what: str
    state: str
    seen: str
    do: str = ""


def told():
    """(the findings as text, as data for JSON, whether none has failed)."""
    findings = checkup()
    well = all(one.state != BAD for one in findings)
    return report(findings), {"around": [asdict(one) for one in findings]}, well


def checkup():
    """Findings on this account, and on the course in the working directory if there is one."""
    findings = [versions()]
    if not any(Path(name).exists() for name in ("nbgrader_config.py", "gradebook.db", "source")):
        here = "no course in this folder: its gradebook, answers, exchange and disk were not tried"
        return [*findings, Finding("course", LOOK, here, "cd to the course, and call again")]
    try:
        app = Course()
        app.initialize([])
        course, transfer = CourseDirectory(parent=app), ExchangeFactory(parent=app)
    except Exception as error:  # the configuration is a program of somebody's
        return [*findings, Finding("course", BAD, f"its configuration: {first_line(error)}")]
    exchange = Exchange(coursedir=course, parent=app)
    stock = issubclass(transfer.submit, Exchange)
    served = stock and Path(exchange.root).is_dir()
    findings += [gradebook(course), answers(course, served)]
    if stock:
        findings += exchanged(Path(exchange.root), course.course_id)
    else:
        other = f"another one: {transfer.submit.__module__}"
        findings.append(Finding("exchange", LOOK, other, "see its own documentation"))
    places = {"course": course.root, "temporary files": tempfile.gettempdir()}
    places |= {"exchange": exchange.root} if served else {}
    return findings + [room(what, Path(place)) for what, place in places.items()]


def versions():
    """Whether what is installed is what this version of the grader asks for."""
    wrong = []
    for line in metadata.requires(DISTRIBUTION) or ():
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} {found}, wanted {wanted.specifier}")
    seen = f"Python {sys.version.split()[0]}, nbgrader {nbgrader.__version__}"
    if wrong:
        return Finding("versions", BAD, "; ".join(wrong), "install this package again")
    return Finding("versions", OK, seen)


def gradebook(course):
    """Whether the gradebook opens, is whole, and has the tables of this nbgrader."""
    url = make_url(course.db_url)
    local = url.get_backend_name() == "sqlite"
    if local and not os.path.exists(url.database or ""):
        do = "it is made by the first nbgrader generate_assignment"
        return Finding("gradebook", LOOK, f"none yet at {url.database}", do)
    if local and not os.access(url.database, os.R_OK | os.W_OK):
        do = "let the account that grades own it"
        return Finding("gradebook", BAD, f"{url.database} may not be written", do)
    try:
        return _opened(url, local)
    except (SQLAlchemyError, ImportError, sqlite3.Error) as error:
        seen = f"{url.render_as_string(hide_password=True)}: {first_line(error)}"
        return Finding("gradebook", BAD, seen, "is it up, is it whole? restore a backup")


def _opened(url, local):
    engine = create_engine(url)
    try:
        with engine.connect() as book:
            if local and (whole := book.execute(text("PRAGMA quick_check")).scalar()) != "ok":
                return Finding("gradebook", BAD, str(whole), "restore a backup")
            tables = set(inspect(book).get_table_names())
            if "alembic_version" not in tables:
                return Finding("gradebook", BAD, "tables of a very old nbgrader", _UPGRADE)
            found = book.execute(text("SELECT version_num FROM alembic_version")).scalar()
            people = book.execute(text("SELECT count(*) FROM student")).scalar()
    finally:
        engine.dispose()
    settings = Alembic()
    settings.set_main_option("script_location", str(Path(nbgrader.__file__).parent / "alembic"))
    if found != ScriptDirectory.from_config(settings).get_current_head():
        return Finding("gradebook", BAD, f"tables of another nbgrader ({found})", _UPGRADE)
    if local and (kind := _file_system(url.database)) in ("nfs", "cifs", "smb2", "fuse"):
        return Finding("gradebook", LOOK, f"SQLite on {kind}", "a local disk, or PostgreSQL")
    return Finding("gradebook", OK, f"whole, {people} students, {url.get_backend_name()}")


_UPGRADE = "back it up, then nbgrader db upgrade"


def _file_system(path):
    """The kind of file system that a file is on, as `stat` names it; "" where it does not."""
    with contextlib.suppress(OSError):
        done = subprocess.run(["stat", "-f", "-c", "%T", path], capture_output=True, text=True)
        return done.stdout.strip()
    return ""


def answers(course, served):
    """Whether other accounts of this machine can read answers, tests, marks or submissions."""
    root = Path(course.root)
    names = (
        *(course.source_directory, course.solution_directory, "gradebook.db"),
        *(course.submitted_directory, course.autograded_directory, course.feedback_directory),
    )
    found = [name for name in names if (root / name).exists() and open_to_others(root / name)]
    if not found:
        return Finding("answers", OK, "no other account can read them, or the marks")
    seen = f"any account of this machine can read {', '.join(found)}"
    # where nobody else is, that is as usual; where students come, it is not
    return Finding("answers", BAD if served else LOOK, seen, f"chmod 700 {root}")


def open_to_others(path):
    """Whether the modes let an account that is neither owner nor in the group read it."""
    path = Path(os.path.realpath(path))
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents):
        return False
    mode = path.stat().st_mode
    needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return mode & needed == needed


def exchanged(root, course_id):
    """Whether students can fetch and hand in, and do nothing else, in nbgrader's exchange."""
    if not root.is_dir():
        seen = f"none at {root}: students bring and get their work by other ways"
        return [Finding("exchange", OK, seen)]
    findings = []
    mode = root.stat().st_mode
    if mode & 0o777 != 0o777:
        do = f"chmod 1777 {root}"
        findings.append(Finding("exchange", BAD, f"not everybody may write to {root}", do))
    elif not mode & stat.S_ISVTX:
        seen = f"anybody may move or remove a course in {root}"
        findings.append(Finding("exchange", BAD, seen, f"chmod 1777 {root} (the sticky bit)"))
    course = root / course_id
    if not course.is_dir():
        do = "it is made by the first nbgrader release_assignment"
        return [*findings, Finding("exchange", LOOK, f"no folder {course} yet", do)]
    for name, must, must_not, mode, why in _FOLDERS:
        findings += _folder(course / name if name else course, must, must_not, mode, why)
    return findings or [Finding("exchange", OK, f"{course}: students fetch and hand in, no more")]


# a folder of a course's: what others must and must not be allowed, the mode, and why
_FOLDERS = [
    ("", 0o005, 0o002, "755", ""),
    ("outbound", 0o005, 0o002, "755", "what is released"),
    ("inbound", 0o003, 0o004, "1733", "what others handed in"),
    ("feedback", 0o001, 0o006, "711", "others' feedback"),
]


def _folder(path, must, must_not, mode, why):
    if not path.is_dir():
        return []  # made by the command that first needs it
    status = path.stat()
    findings = []
    if status.st_uid != os.geteuid() and os.geteuid() != 0:
        do = f"chown {os.geteuid()} {path}, or grade as its owner"
        findings.append(Finding("exchange", BAD, f"{path} is another account's", do))
    if status.st_mode & must != must:
        seen = f"students cannot use {path}"
        findings.append(Finding("exchange", BAD, seen, f"chmod {mode} {path}"))
    if status.st_mode & must_not:
        verb = "change" if must_not & status.st_mode & 0o002 else "list"
        seen = f"students can {verb} {why or path}"
        findings.append(Finding("exchange", BAD, seen, f"chmod {mode} {path}"))
    if path.name == "inbound" and not status.st_mode & stat.S_ISVTX:
        seen = "students may remove what another handed in, if they guess its name"
        findings.append(Finding("exchange", LOOK, seen, f"chmod {mode} {path}"))
    return findings


def room(what, place):
    """Whether there is room where a grader writes."""
    try:
        free, files = shutil.disk_usage(place).free, os.statvfs(place)
    except OSError as error:
        return Finding("disk", BAD, f"{what}: {reason(error)}")
    seen = f"{what}: {free / (1 << 30):.1f} GiB free"
    if files.f_files and files.f_favail < FEW:
        return Finding("disk", BAD, f"{what}: room for {files.f_favail} files only", "make room")
    return Finding("disk", OK, seen) if free >= ROOM else Finding("disk", BAD, seen, "make room")


def report(findings):
    """The findings as text, a line each, and one more for what to do."""
    lines = ["", "Around the grader:"]
    for one in findings:
        lines.append(f"{one.what:<11}{one.state:<8}{one.seen}")
        if one.do:
            lines.append(f"{'':<19}→ {one.do}")
    return "\n".join(lines) + "\n"
