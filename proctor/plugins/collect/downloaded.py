"""Downloaded: a learning system's archive, whose files are the students', newest attempt only.

The system's own part of a name says whose a file is, by a number or a login that the class's list
has; where a name is in it too, it has to agree. What fits nobody or two is written into ``who.csv``
beside the archive, for a person to say.
"""

import collections
import fnmatch
import functools
import json
import os
import sys
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from dateutil import parser
from nbgrader.api import Student
from sqlalchemy import select

from proctor.files import read
from proctor.lms import Unfit, moodle, sheet
from proctor.lms.archive import ANONYMOUS, GROUP
from proctor.lms.people import Known, Person, folded
from proctor.lms.systems import SYSTEMS, people_of
from proctor.plugins import gradebook
from proctor.plugins.collect.archives import end_with_failure
from proctor.plugins.collect.names import odd, refusal, shown
from proctor.plugins.collect.screen import NBGRADERS, Told

WHO, RECORD = "who.csv", "collected.json"  # beside the archive
LISTS = (".csv", ".tsv", ".txt", ".xls")
_IGNORED = ("__MACOSX", ".DS_Store", "._*", "Thumbs.db", "desktop.ini")
_HEAD = 20_000  # bytes that are read of a file that the system has added
_IMPORT = "proctor students import FILE, with the list that the same system gave"


class Downloaded:
    """Downloaded: collects what a learning system's archive holds.

    collector  the `FileNameCollector`, with its settings; its parent is nbgrader's command
    """

    def __init__(self, collector):
        self.collector, self.app, self.log = collector, collector.parent, collector.log
        self.course = self.app.coursedir
        self.top = Path(self.app._format_collect_path(self.app.extracted_directory))
        self.told, self.notes = Told(self.log, 20), Told(self.log, 1000)
        self.unknown = {}  # {who: ids that it could be}
        self.record = {}

    def collect(self, files, stock):
        """{student: what nbgrader copies} of a class's files.

        stock  nbgrader's own way, for names that are no learning system's
        """
        paths = {tuple(Path(file).relative_to(self.top).parts): file for file in files}
        paths = {parts: file for parts, file in paths.items() if not self._is_ignored(parts, file)}
        name = self.collector.lms or self._recognised(paths)
        if not name:
            return stock(files)
        self.kind = SYSTEMS[name]
        self.log.info("Reading the names as %s's", self.kind.TITLE)
        entries = self.kind.entries(list(paths), self._head)
        listed = self._lists(entries, paths)
        self.known = Known(self._class(), listed)
        if not self.known.people:
            self.app.fail("the gradebook knows no students: %s", _IMPORT)
        self.given = self._given()
        self.entries = entries
        found, cache = collections.defaultdict(list), {}  # {student: [(entry, path)]}
        for parts, readings in entries.items():
            if parts in self.lists or (readings and not readings[0].who):
                continue
            # of the files of one submission all are read alike
            names = tuple((e.who, e.kind, e.keys) for e in readings)
            if names not in cache:
                students, entry, why = self._whose(readings)
                cache[names] = students, entry and readings.index(entry), why
            students, place, why = cache[names]
            entry = None if place is None else readings[place]
            why = why or next(filter(None, map(odd, entry.file.split("/"))), None)
            if why:
                self._say(parts, why)
                continue
            for student in students:
                found[student].append((entry, paths[parts]))
        data = {s: self._one(s, some) for s, some in sorted(found.items())}
        data = {student: one for student, one in data.items() if one["file_ids"]}
        self._keep(name)
        self.notes.end()
        if self.told.end():
            end_with_failure(self.app, f"files of {self.kind.TITLE}'s archive")
            if not data:
                self.app.fail("Nothing is left to collect: see the warnings above")
        return data

    # --- which system -----------------------------------------------------------------------------

    def _recognised(self, paths):
        """The system whose names these are; asked for where somebody sits, else told."""
        numbers = {}
        for name, kind in SYSTEMS.items():
            entries = kind.entries(list(paths), self._head)
            numbers[name] = sum(any(e.who for e in found) for found in entries.values())
        best = max(numbers, key=numbers.get)
        number = numbers[best]
        if not number or 2 * number < len(paths) or list(numbers.values()).count(number) > 1:
            return ""
        title = SYSTEMS[best].TITLE
        line = f"{number} of {len(paths)} names look like {title}'s"
        setting = f'c.FileNameCollector.lms = "{best}"'
        if sys.stdin is not None and sys.stdin.isatty():
            if input(f"{line}. Read them so? ({setting} says it for good) [y/N] ").lower() == "y":
                return best
            self.app.fail("Nothing collected")
        self.app.fail(
            "%s. If they are, say so: %s, or --FileNameCollector.lms=%s", line, setting, best
        )

    def _is_ignored(self, parts, file):
        stem = Path(file).with_suffix("")
        unpacked = Path(file).suffix in (".zip", ".gz") and (
            stem.is_dir() or (stem.with_suffix("").is_dir() and stem.suffix == ".tar")
        )
        patterns = (*self.course.ignore, *_IGNORED)
        return unpacked or any(fnmatch.fnmatch(part, p) for part in parts for p in patterns)

    def _head(self, parts):
        data = read(self.top.joinpath(*parts), _HEAD) or b""
        return data.decode("utf-8-sig", errors="replace")

    # --- who is who -------------------------------------------------------------------------------

    def _lists(self, entries, paths):
        """The `Listed` people of the system's own lists, which lie beside the archive."""
        self.lists, listed = set(), []
        for parts, readings in entries.items():
            if len(parts) > 1 or readings or Path(parts[0]).suffix.lower() not in LISTS:
                continue
            try:
                kind, rows = people_of(sheet.read(read(paths[parts]) or b"", western=True))
            except Unfit as error:
                self._say(parts, f"it is read as a list of students, and {error}")
                self.lists.add(parts)
                continue
            self.lists.add(parts)
            if kind is self.kind:
                listed += rows
                self.log.info("%d people in %s", len(rows), parts[0])
            else:
                self._say(parts, f"it is a list of {kind.TITLE}'s")
        return listed

    def _class(self):
        if not gradebook.exists(self.course.db_url):
            return []
        with gradebook.opened(self.course.db_url, self.course.course_id) as book:
            return class_of(book)

    def _given(self):
        """{who: ids} that a person has written into ``who.csv``."""
        given = collections.defaultdict(list)
        data = read(self.app._format_collect_path(WHO))
        if data is None:
            return given
        try:
            table = sheet.read(data, western=True)
        except Unfit as error:
            self.app.fail("%s: %s", WHO, error)
        head = [text.strip().casefold() for text in table.header()]
        if not {"who", "student"} <= set(head):
            self.app.fail("%s: its first row has to be who,student", WHO)
        for row in range(1, len(table.rows)):
            who, student = (table.value(row, head.index(n)).strip() for n in ("who", "student"))
            if not who or not student:
                continue
            if student not in self.known.people:
                self.app.fail("%s, row %d: %s is not in the class", WHO, row + 1, shown(student))
            for name in {who, who.removeprefix("'")}:  # as it is guarded below
                given[name].append(student)
        return given

    def _whose(self, readings):
        """(ids, the `Entry`, why it is nobody's or None) of one file."""
        for entry in readings:
            if students := self.given.get(entry.who):
                # a name with "_7" in it has two readings: right is the one by a given person's key
                own = (one for one in readings if self._by_key(one) & set(students))
                return students, next(own, entry), None
        if not readings:
            return (), None, f"its name is none of {self.kind.TITLE}'s"
        first, sure = readings[0], {}  # {id: entry} of whose name agrees, too
        for entry in readings:
            students = self._by_key(entry)
            if len(students) == 1 and self.known.has_name(*students, entry):
                sure |= dict.fromkeys(students, entry)
        if len(sure) == 1 and first.kind != GROUP:
            return (*sure,), *sure.values(), None
        if len(sure) > 1:
            return self._nobody(first, sure)
        if members := self._members(first):
            return members, first, None
        if first.kind == ANONYMOUS or self._is_kept_back(first):
            return self._anonymous(first)
        if first.kind == GROUP:
            return self._nobody(first, (), "a group, and no list says who is in it", sure)
        if not first.keys:
            return self._by_name(first)
        students = self._by_key(first)
        others = set().union(*(self._by_key(entry) for entry in readings[1:]))
        if not students and not others:
            return self._nobody(first, (), "nobody in the class has this number or login")
        if len(students) != 1 or others - students:
            return self._nobody(first, students | others)
        (student,) = students
        if self.known.has_name(student, first) is False:
            why = f"{shown(student)} has this number, and another name: a group, or another list?"
            return self._nobody(first, (), why, students)
        return (student,), first, None

    def _by_key(self, entry):
        return self.known.students(entry.keys)

    def _members(self, entry):
        """The ids of a group's members, where the list says them."""
        if not entry.name:
            return ()
        group = folded(entry.name)
        rows = [row for row in self.known.listed if row.group and folded(row.group) == group]
        return tuple(sorted(set().union(*(self.known.students(row.keys) for row in rows))))

    def _is_kept_back(self, entry):
        """Whether the list has the person, and nothing that says who that is."""
        rows = self.known.rows(entry.keys)
        return bool(rows) and all(not any(row.name) and len(row.keys) == 1 for row in rows)

    def _anonymous(self, entry):
        if self.collector.anonymous == "refuse":
            why = 'anonymous; c.FileNameCollector.anonymous = "take" collects it as a student'
            return self._nobody(entry, (), why)
        kept = [k for k in entry.keys if k.startswith("participant ")]
        student = moodle.anonymous(kept[0].split()[1]) if kept else entry.who
        if why := refusal(student):
            return (), entry, why
        return (student,), entry, None

    def _by_name(self, entry):
        """Whose it is where the archive has nothing but a name: asked, unless names are trusted."""
        students = self.known.named(entry.name)
        if len(students) != 1:
            why = None if students else "nobody in the class has this name"
            return self._nobody(entry, students, why)
        if self._is_shared(entry):
            return self._nobody(entry, (), "two people of this name may have handed in", students)
        if not self.collector.by_name:
            why = "only a name says whose it is; c.FileNameCollector.by_name = True takes those"
            return self._nobody(entry, (), f"{why} that one person has", students)
        return (*students,), entry, None

    def _is_shared(self, entry):
        """Whether submissions of one name may be two people's, by the numbers before it."""
        name, (numbers, whole) = folded(entry.name), self._numbers
        others = set().union(*(some for one, some in numbers.items() if one != name))
        return len(whole[name]) > 1 and (len(numbers[name]) > 1 or bool(numbers[name] & others))

    @functools.cached_property
    def _numbers(self):
        """({name: first numbers}, {name: all that stands before the time})."""
        numbers, whole = collections.defaultdict(set), collections.defaultdict(set)
        for one in (e for readings in self.entries.values() for e in readings if e.who):
            numbers[folded(one.name)].add(one.who.split("-")[0])
            whole[folded(one.name)].add(one.who)
        return numbers, whole

    def _nobody(self, entry, students, why=None, perhaps=()):
        self.unknown[entry.who] = perhaps or students
        if why is None:
            why = f"it could be of {' or '.join(map(shown, sorted(students)))}"
        return (), entry, f"{shown(entry.who)} is not known: {why}"

    # --- a student's files ------------------------------------------------------------------------

    def _one(self, student, found):
        """What nbgrader copies for a student; nothing where two submissions are alike."""
        newest = max(entry.time for entry, _ in found)
        older = {entry.time for entry, _ in found} - {newest}
        found = [(entry, path) for entry, path in found if entry.time == newest]
        if older:
            self.log.info("%s: the newest of %d attempts is taken", shown(student), len(older) + 1)
        who = sorted({entry.who for entry, _ in found})
        if len(who) > 1:
            names = " and ".join(map(shown, who[:5]))
            self._tell(shown(student), f"it is in {names}, and none is later")
            found = []
        files, places = self._files(student, found)
        if any(entry.late for entry, _ in found) and not newest:
            how = f"by how much it does not say; write the time into {NBGRADERS[0]}"
            self.notes.say(shown(student), f"is late by {self.kind.TITLE}", how)
        if files:
            self.record[student] = {
                "place": self._place(student, found[0][0]),
                "files": {name: places[name] for name in sorted(files)},
            }
        folder = self.course.format_path(
            self.course.submitted_directory, student, self.course.assignment_id
        )
        names = sorted(files)
        return {
            "src_files": [files[name] for name in names],
            "dest_files": [os.path.join(folder, name) for name in names],
            "file_ids": names,
            "timestamp": self._time(student, newest, found),
        }

    def _files(self, student, found):
        """({name: path}, {name: the name under which it came}) of a submission."""
        several = collections.defaultdict(list)
        for entry, path in found:
            several[entry.file].append((entry.number, path, entry))
        files, places = {}, {}
        for name, some in several.items():
            newest = max(number for number, *_ in some)
            _, path, entry = next(one for one in some if one[0] == newest)
            others = [other for number, other, _ in some if number == newest and other != path]
            if name in NBGRADERS:
                why = "the system says when it was handed in, not the student"
            elif not all(_same(path, other) for other in others):
                why = f"{shown(student)} has another of its name, and none is later"
            elif any(str(parent) in several for parent in list(Path(name).parents)[:-1]):
                why = "a file has the name of its folder"
            else:
                files[name], places[name] = path, self._downloaded(path, entry)
                continue
            self._tell(self._shown(path), why)
        return files, places

    def _downloaded(self, path, entry):
        """The name under which a file came, as a student's own archive where it was in one."""
        if Path(path).name == entry.place:
            return entry.place
        for folder in Path(path).parents:
            if folder.name == entry.place and Path(f"{folder}.zip").is_file():
                return f"{entry.place}.zip"
        return entry.place

    def _place(self, student, entry):
        """The name that feedback to a student has to carry."""
        if self.kind is moodle:
            for row in self.known.rows(self._keys(student)):
                for key in row.keys:
                    if key.startswith("participant "):
                        return moodle.place_of(key)
        return entry.place

    def _keys(self, student):
        person = self.known.people.get(student)
        return tuple(filter(None, person.keys)) if person else ()

    def _time(self, student, newest, found):
        """When it was handed in, in UTC without a zone; None if nothing says it."""
        texts = (
            [newest] if newest else [row.time for e, _ in found for row in self._rows(student, e)]
        )
        for text in filter(None, texts):
            try:
                said = parser.parse(text)
                zone = ZoneInfo(self.collector.timezone)
                return said.replace(tzinfo=said.tzinfo or zone).astimezone(UTC).replace(tzinfo=None)
            except (ValueError, OverflowError):  # "-", or a month in another language
                if text.strip("- "):
                    self.notes.say(
                        shown(student), "has no time", f"{shown(text)} is in no known form"
                    )
                return None
        return None

    def _rows(self, student, entry):
        return [*self.known.rows(entry.keys), *self.known.rows(self._keys(student))]

    # --- what is told and kept --------------------------------------------------------------------

    def _keep(self, name):
        """Write ``who.csv`` if somebody is not known, and what is needed to give feedback back."""
        path = Path(self.app._format_collect_path(WHO))
        new = [who for who in self.unknown if who not in self.given]
        if new:
            lines = ["who,student,perhaps"]
            lines += [f"{_quoted(who)},{s}," for who, some in self.given.items() for s in some]
            for who in sorted(new):
                lines.append(f"{_quoted(who)},,{' '.join(sorted(self.unknown[who]))}")
            _write(path, "\n".join(lines) + "\n")
            self.log.warning("Say who they are in %s, a line for each (of a group, several)", path)
        told = {"lms": name, "students": self.record}
        _write(
            self.app._format_collect_path(RECORD), json.dumps(told, indent=1, ensure_ascii=False)
        )

    def _say(self, parts, why):
        self._tell(shown("/".join(parts)), why)

    def _tell(self, what, why):
        self.told.say(what, "is left out", why)

    def _shown(self, path):
        return shown(os.path.relpath(path, self.top))


def class_of(book):
    """The `Person`s of an open gradebook."""
    columns = (
        Student.id,
        Student.lms_user_id,
        Student.email,
        Student.first_name,
        Student.last_name,
    )
    rows = book.db.execute(select(*columns))
    return [Person(row[0], tuple(row[:3]), (row[3] or "", row[4] or "")) for row in rows]


def _same(one, other):
    return Path(one).read_bytes() == Path(other).read_bytes()


def _quoted(text):
    return '"' + sheet.guarded(text).replace('"', '""') + '"'


def _write(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
