"""The report as tables and for programs: CSV and JSON."""

import csv
import functools
import io
import json
from dataclasses import asdict

from proctor.report.causes import MESSAGE
from proctor.report.reasons import reason, waits_for
from proctor.terminal import printable

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # what a spreadsheet may run


def guarded(value):
    """A text that a spreadsheet takes for text, in one line; numbers are left as they are."""
    if not isinstance(value, str):
        return "" if value is None else value
    return _guarded(value)


@functools.lru_cache(10_000)
def _guarded(value):
    text = printable(value)
    return f"'{text}" if text.lstrip("'\"").startswith(_FORMULA) else text


def written(head, rows):
    """A table as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([guarded(value) for value in row] for row in rows)
    return out.getvalue()


def tables(analysis, names=True):
    """{file name: CSV}: of items, of reasons, and with ``names`` of students and their marks."""
    found = {"items.csv": _items(analysis), "reasons.csv": _reasons(analysis, names)}
    if names:
        found["students.csv"] = _students(analysis.classroom)
        found["marks.csv"] = marks(analysis.classroom)
    return found


def _items(analysis):
    head = ("notebook", "cell", "task", "property", "points", "by_hand", "students", "full")
    head += ("partly", "none", "waits", "blank", "difficulty", "discrimination")
    rows = []
    for item in analysis.classroom.items:
        n = analysis.items[item.key]
        row = (item.notebook, item.name, item.task, item.prop, item.points, int(item.by_hand))
        row += (n.students, n.full, n.partly, n.none, n.waits, n.blank)
        rows.append((*row, _rounded(n.share), _rounded(n.separates)))
    return written(head, rows)


def _reasons(analysis, names):
    head = ("kind", "reason", "read", "students", "points_lost", "tasks", "items")
    head += ("who",) if names else ()
    rows = []
    for group in _told(analysis, names):
        cause = group.cause
        row = (cause.kind, cause.text, cause.read, len(group.students), _rounded(group.points))
        row += (", ".join(group.tasks), ", ".join(group.items))
        rows.append((*row, "; ".join(group.students)) if names else row)
    return written(head, rows)


def _told(analysis, names):
    """The groups; without names also without texts that one person's code has made."""
    return [
        group
        for group in analysis.groups
        if names or group.cause.kind != MESSAGE or len(group.students) > 1
    ]


def _students(classroom):
    head = ("student", "name", "handed_in", "points", "raw_points", "late_penalty", "max_points")
    head += ("seconds_late", "waits", "repaired", "missing", "reason")
    return written(head, [_student(student, classroom) for student in classroom.students])


def _student(student, classroom):
    here = student.handed_in
    row = (student.id, student.name, int(here))
    row += (student.score, student.raw, student.penalty) if here else (None, None, None)
    row += (classroom.points, student.late if here else None)
    row += (waits_for(student, classroom) if here else "", ", ".join(student.repairs))
    return (*row, ", ".join(student.missing), reason(student, classroom))


def marks(classroom):
    """Tidy CSV: a row for each student and item; nothing handed in is blank, not 0."""
    return written(*mark_rows(classroom))


def mark_rows(classroom):
    """(headings, rows) of it."""
    head = ("assignment", "student", "notebook", "task", "property", "cell", "points")
    head += ("max_points", "by_hand", "waits", "blank", "late", "kind", "reason")
    rows = []
    for student in classroom.students:
        for item in classroom.items:
            mark, cause = student.marks.get(item.key), student.causes.get(item.key)
            row = (classroom.assignment, student.id, item.notebook, item.task, item.prop)
            unread = mark is None or mark.unread
            row += (item.name, None if unread else mark.score, item.points, int(item.by_hand))
            row += (int(mark is not None and mark.waits),)
            row += (int((item.notebook, item.task) in student.blank), int(student.late > 0))
            rows.append((*row, *((cause.kind, cause.text) if cause else ("", ""))))
    return head, rows


def as_json(analysis, names=True):
    """All of it, for programs."""
    classroom, found = analysis.classroom, analysis.distribution
    told = {
        "assignment": classroom.assignment,
        "max_points": classroom.points,
        "students": len(classroom.students),
        "handed_in": len(classroom.handed_in),
        "not_graded": sum(student.ungraded for student in classroom.students),
        "distribution": asdict(found) if found else None,
        "items": [{**asdict(item), **asdict(analysis.items[item.key])} for item in classroom.items],
        "tasks": [
            {"notebook": notebook, "task": task, **asdict(numbers)}
            for (notebook, task), numbers in analysis.tasks.items()
        ],
        "reasons": [_group(group, names) for group in _told(analysis, names)],
        "next": [asdict(lesson) for lesson in analysis.lessons()],
    }
    if names:
        told["class"] = {one.id: _one(one, classroom) for one in classroom.students}
    return json.dumps(told, indent=1, ensure_ascii=True)


def _group(group, names):
    told = {"kind": group.cause.kind, "reason": group.cause.text, "read": group.cause.read}
    told |= {"students": len(group.students), "points_lost": group.points}
    told |= {"tasks": group.tasks, "items": group.items}
    return told | ({"who": group.students} if names else {})


def _one(student, classroom):
    here = student.handed_in
    return {
        "name": student.name,
        "handed_in": here,
        "points": student.score if here else None,
        "raw_points": student.raw if here else None,
        "late_penalty": student.penalty,
        "seconds_late": student.late,
        "waits": [name for _, name in student.waits],
        "repaired": student.repairs,
        "missing": student.missing,
        "reason": reason(student, classroom),
    }


def _rounded(number):
    return None if number is None else round(number, 4)
