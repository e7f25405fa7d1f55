"""Reason: why a student has these points, in a few words."""

import collections

from proctor.report.causes import UNWRITTEN
from proctor.terminal import printable


def reason(student, classroom):
    """What cost a student most, or what the points still wait for; one line for people."""
    if not student.handed_in:
        return "handed in, and not graded yet" if student.ungraded else "nothing handed in"
    told = []
    if student.penalty:
        told.append(f"late by {duration(student.late)}: −{student.penalty:g}")
    if student.missing:
        told.append(f"{', '.join(student.missing)} not handed in")
    if student.faults:
        told.append(f"the graded {', '.join(student.faults)} cannot be read")
    told += _losses(student, classroom)
    if not told and (waiting := waits_for(student, classroom)):
        told.append(waiting)
    return "; ".join(told) or "all points"


def waits_for(student, classroom):
    """What a person has to look at, and for how many points; empty if nothing waits."""
    keys = set(student.waits)
    waiting = [item for item in classroom.items if item.key in keys]
    unread = [item for item in waiting if student.marks[item.key].unread]
    told = []
    if unread:
        points = sum(item.points for item in unread)
        names = ", ".join(item.title for item in unread)
        told.append(f"{names} {'waits' if len(unread) == 1 else 'wait'} ({_points(points)})")
    if again := [item.title for item in waiting if item not in unread]:
        told.append(f"{', '.join(again)}: marked before, to be looked at again")
    return "; ".join(told)


def _losses(student, classroom):
    """What cost most points: the task, the points and the likely cause; then how much else."""
    tasks = {(i.notebook, i.task) for i in classroom.items if not i.by_hand}
    tasks = {task for task in tasks if task[0] not in student.missing}
    if len(tasks) > 1 and tasks <= student.blank:
        return ["nothing answered"]
    found = collections.defaultdict(lambda: [0.0, [], "", ""])
    for item in classroom.items:
        mark = student.marks.get(item.key)
        if mark is None or mark.unread or item.notebook in student.missing:
            continue
        if (lost := item.points - mark.score) > 0:
            cause = student.causes.get(item.key)
            entry = found[cause.alike if cause else f"{item.notebook} {item.task}"]
            entry[0] += lost
            entry[1].append(item.task)
            entry[2:] = (cause.text, cause.kind) if cause else ("", "")
    if not found:
        return []
    ranked = sorted(found.values(), key=lambda entry: -entry[0])
    lost, tasks, text, kind = ranked[0]
    told = f"{', '.join(dict.fromkeys(tasks))} −{lost:g}"
    told += f": {text}" if text else ""
    if kind == UNWRITTEN and len(ranked) > 1:
        empty = [entry for entry in ranked if entry[3] == UNWRITTEN]
        if len(empty) > 1:
            names = ", ".join(dict.fromkeys(t for entry in empty for t in entry[1]))
            told = f"{names} not written −{sum(entry[0] for entry in empty):g}"
    return [printable(told)]


def duration(seconds):
    """A time in its two largest units."""
    minutes = max(1, round(seconds / 60)) if seconds > 0 else 0
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min"


def _points(number):
    return f"{number:g} point{'' if number == 1 else 's'}"
