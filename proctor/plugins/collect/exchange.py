"""``nbgrader collect`` and Formgrader's *Collect*: in place of nbgrader's ``ExchangeCollect``."""

import collections
import os
import pwd
import re
import shutil
import stat
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect as StockCollect
from traitlets import Bool, Enum

from proctor.files import read
from proctor.plugins import gradebook
from proctor.plugins.collect.names import shown, student_problem
from proctor.plugins.collect.screen import (
    STRANGER,
    Finding,
    Screen,
    Told,
    changed_at,
    moment,
    named,
    now,
    roster,
    sentences,
    write_notes,
)

_TIMESTAMP = "%Y-%m-%d %H:%M:%S.%f UTC"


class ExchangeCollect(StockCollect):
    """Takes from each student's latest submission what is plainly theirs.

    Anybody may put anything into the exchange's ``inbound`` folder, under any name. One bad
    submission costs itself: the student's next one in line is taken, and all others are.
    """

    file_times = Enum(
        ("use", "flag"),
        "use",
        help="What to do with a submission that claims a time which the file system contradicts: "
        "use the file system's, or only say so. (If more than half of at least three students' "
        "do, and none is older than what contradicts them, the exchange was moved or restored, and "
        "it is only said.)",
    ).tag(config=True)
    other_owner = Enum(
        ("flag", "refuse"),
        "flag",
        help="What to do with a submission whose folder is another account's than the student's, "
        "if there is no other one of the student (see check_owner).",
    ).tag(config=True)

    one_student = Bool(
        True,
        help="An account hands in for one student: what else it hands in is not collected. Not if "
        "all submissions are one account's, nor for this one and root (see check_owner).",
    ).tag(config=True)

    def init_src(self):
        """Choose one submission for each student: the latest that can be theirs."""
        self._found, self.refused, self.told = [], [], Told(self.log)
        super().init_src()
        self.screen = Screen(coursedir=self.coursedir, parent=self)
        listed = self._listed()
        students = collections.defaultdict(list)
        for record in self._found:
            if problem := self._problem(record, listed):
                self._refuse(record, problem)
            else:
                students[record["username"]].append(record)
        if self.check_owner and self.one_student:
            self._settle_accounts(students)
        self._settle_times(students)
        chosen = (self._latest(records) for _, records in sorted(students.items()))
        self.src_records = [record for record in chosen if record]

    def _path_to_record(self, path):
        """A record in nbgrader's way for a name in ``inbound``, of whatever form."""
        name = os.path.basename(path)
        assignment = re.escape(self.coursedir.assignment_id)
        # `nbgrader submit`: student+assignment+time+12 random characters; a student's id may hold +
        match = re.fullmatch(
            rf"(.+)\+{assignment}\+(.+?)(\+[\w-]{{12}})?", name, re.ASCII | re.DOTALL
        )
        record = {
            "username": match[1] if match else None,
            "filename": name,
            "timestamp": (match and moment(match[2])) or datetime.min,
        }
        self._found.append(record)
        return record

    def _listed(self):
        """The students of the class, none if anybody may hand in."""
        course = self.coursedir
        if self.screen.strangers == "take" or not gradebook.exists(course.db_url):
            return set()
        with gradebook.opened(course.db_url, course.course_id) as book:
            return roster(book)

    def _problem(self, record, listed):
        """Why a folder in ``inbound`` is nobody's submission, None if it is; weighs its times."""
        student = record["username"]
        if student is None or record["timestamp"] == datetime.min:
            return "its name is not student+assignment+time"
        if what := student_problem(student):
            return f"the student's name in it is {what}"
        if listed and student not in listed:
            return STRANGER.format(shown(student))
        path = os.path.join(self.inbound_path, record["filename"])
        try:
            status = os.lstat(path)
            if not stat.S_ISDIR(status.st_mode):
                return "it is not a folder"
            record["changed"] = self._changed(path, status)
        except OSError as error:
            return f"it cannot be read ({error.strerror})"
        record["owner"], record["uid"] = _account(status.st_uid), status.st_uid
        record["claimed"] = record["timestamp"]
        record["findings"] = []
        return None

    def _changed(self, path, status):
        """When the student's files were last changed, by the file system's own clock (UTC).

        That is the change time of the inodes, which nobody but the system can set. Those of
        folders do not count, nor where accounts tell who is who those of other accounts' files:
        whoever knows the folder's name can change these. (So such files do not count, either, if
        they are later: see `Screen.copy`.)
        """
        times = [
            found
            for _, found, _, finding in self.screen.walk(path, self.coursedir.assignment_id)
            if not (finding and finding.path)
            and stat.S_ISREG(found.st_mode)
            and (found.st_uid == status.st_uid or not self.check_owner)
        ]
        return max(map(changed_at, times), default=changed_at(status))

    def _settle_accounts(self, students):
        """Leave to each account one student: names are free to invent, accounts are not."""
        records = [record for found in students.values() for record in found]
        trusted = {0, os.geteuid()}
        if len({record["uid"] for record in records} - trusted) < 2 and not any(
            record["owner"] == record["username"] for record in records
        ):
            return  # the account says nothing here
        own = {record["username"] for record in records if record["owner"] == record["username"]}
        theirs = collections.defaultdict(list)
        for record in sorted(records, key=lambda record: record["changed"]):
            account, student = record["owner"], record["username"]
            # where the student's own account hands in, `_latest` refuses the others
            if record["uid"] not in trusted and (student == account or student not in own):
                theirs[account].append(record)
        for account, found in theirs.items():
            names = dict.fromkeys(record["username"] for record in found)
            kept = account if account in names else next(iter(names))
            if len(names) == 1:
                continue
            why = (
                f"the account {shown(account)} hands in for {shown(kept)} already "
                "(c.ExchangeCollect.one_student = False lets it)"
            )
            for record in found:
                if record["username"] != kept:
                    students[record["username"]].remove(record)
                    self._refuse(record, why)

    def _settle_times(self, students):
        """Say which submissions claim a time that cannot be; take the file system's for them."""
        slack = timedelta(seconds=self.screen.tolerance)
        everybody, early, doubtful, sound = set(), set(), [], []
        for student, records in students.items():
            for record in records:
                claimed, changed = record["claimed"], record["changed"]
                who = record["owner"] if self.check_owner else student  # names are free to invent
                everybody.add(who)
                if claimed > now() + slack:
                    doubtful.append((record, "that is in the future"))
                elif claimed < changed - slack:
                    early.add(who)
                    doubtful.append((record, "its files were changed after that"))
                else:
                    sound.append(record["changed"])
        # whoever moves or restores an exchange touches all that is older
        first = min((record["changed"] for record, _ in doubtful), default=now())
        moved = len(early) >= 3 and len(early) > len(everybody) / 2
        moved = moved and all(changed >= first for changed in sound)
        if moved:
            self.log.warning(
                "%d of %d students' submissions have files that were changed after the time they "
                "claim. The exchange seems to have been moved or restored: the claimed times are "
                "used.",
                len(early),
                len(everybody),
            )
        for record, why in doubtful:
            claimed, changed = _minute(record["claimed"]), _minute(record["changed"])
            future = record["claimed"] > now() + slack
            use = future or (self.file_times == "use" and not moved)
            if use:
                record["timestamp"] = record["changed"]
            else:
                record["lenient"] = True
            record["findings"].append(
                Finding(
                    f"The submission claims {claimed}, but {why}: the file system says {changed}. "
                    f"The {'latter' if use else 'former'} is used."
                )
            )

    def _latest(self, records):
        """The submission of one student that counts, None if there is none."""
        if self.check_owner:
            own = [record for record in records if record["owner"] == record["username"]]
            others = [record for record in records if record["owner"] != record["username"]]
            for record in others:
                what = f"it belongs to the account {shown(record['owner'])}"
                if own or self.other_owner == "refuse":
                    self._refuse(record, what)
                else:
                    record["findings"].append(
                        Finding(f"Handed in by someone else? In the exchange, {what}.")
                    )
            records = own or (others if self.other_owner == "flag" else [])
        records.sort(key=lambda record: (record["timestamp"], record["claimed"]), reverse=True)
        if self.before_duedate and self.duedate is not None:
            records = [r for r in records if r["timestamp"] <= self.duedate] or records
        return records[0] if records else None

    def _refuse(self, record, why):
        self.refused.append(record)
        self.told.say(shown(record["filename"]), "in inbound is not collected", why)

    def copy_files(self):
        """Collect the chosen submissions one by one, and say in one line what became of them."""
        self.told.end()
        if not self.src_records:
            self.log.warning(
                "No submissions of '%s' for course '%s' to collect",
                self.coursedir.assignment_id,
                self.coursedir.course_id,
            )
        counts, failed = collections.Counter(), []
        for record in self.src_records:
            try:
                counts[self._collect(record)] += 1
            except Exception as error:  # whatever it is, the others are collected
                failed.append(record["username"])
                self.log.error("%s is not collected: %s", record["username"], error, exc_info=True)
        if self.src_records or self.refused:
            level = (
                self.log.warning if self.refused or counts["flagged"] or failed else self.log.info
            )
            level(
                "%d collected as they were, %d with something left out or in doubt, %d already "
                "there, %d folders of inbound refused, %d failed",
                counts["whole"],
                counts["flagged"],
                counts["there"],
                len(self.refused),
                len(failed),
            )
        # a disk or a permission here; and whoever is named in what is refused, and has nothing else
        chosen = {record["username"] for record in self.src_records}
        refused = {record["username"] for record in self.refused} - chosen - {None}
        if failed or refused:
            self.fail(f"Not collected: {named([*failed, *sorted(refused)])}")

    def _collect(self, record):
        """Bring one submission into ``submitted/``; return what became of it, in a word."""
        course, student = self.coursedir, record["username"]
        target = Path(course.format_path(course.submitted_directory, student, course.assignment_id))
        there = os.path.lexists(target)
        if there:
            known = moment(read(target / "timestamp.txt", 1000) or b"")
            newer = self.update and (known is None or record["timestamp"] > known)
            if not newer and not (self.before_duedate and known != record["timestamp"]):
                if self.update:
                    self.log.info("No newer submission to collect: %s %s", student, target.name)
                else:
                    self.log.info(
                        "Submission already exists, use --update to update: %s %s",
                        student,
                        course.assignment_id,
                    )
                return "there"
        what = "Updating" if there else "Collecting"
        self.log.info("%s submission: %s %s", what, student, course.assignment_id)
        fresh = target.with_name(f".{target.name}.collecting")
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            findings = record["findings"] + self.screen.copy(
                os.path.join(self.inbound_path, record["filename"]),
                fresh,
                course.assignment_id,
                owners=self.check_owner,
                until=None if record.get("lenient") else record["timestamp"],
            )
            findings += self._write_time(record, fresh)
            if there:
                shutil.rmtree(target)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        lines = sentences(findings)
        write_notes(target, lines)
        for line in lines:
            self.log.warning("%s: %s", student, line)
        return "flagged" if lines else "whole"

    def _write_time(self, record, folder):
        """See to it that ``timestamp.txt``, which autograde goes by, says the time that counts."""
        path = folder / "timestamp.txt"
        text = read(path, 1000)
        written = moment(text) if text is not None else None
        if written and abs(written - record["timestamp"]) < timedelta(seconds=1):
            return []
        path.unlink(missing_ok=True)
        path.write_text(record["timestamp"].strftime(_TIMESTAMP))
        if record["timestamp"] != record["claimed"]:
            return []  # said already
        says = (
            "is missing"
            if text is None
            else (f"says {_minute(written)}" if written else "holds no time")
        )
        what = f"`timestamp.txt` {says}: {_minute(record['timestamp'])} is used."
        return [Finding(what)]


def _minute(time):
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _account(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"no {uid}"
