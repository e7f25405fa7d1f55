"""The report in a terminal: 80 columns, a line a student, what to do next at the end."""

from proctor.report.causes import CAUSE, MESSAGE, UNWRITTEN
from proctor.report.reasons import duration, reason, waits_for
from proctor.terminal import cut, fitted, printable, wrapped

NAMED = 5  # students that are named for one thing
GROUPS = 8  # reasons of one kind that are written out
_BAR = 30  # columns of the longest bar
_NAMES = 30  # columns for an item's name, and at most for a student's id


def report(analysis, width=80, names=True):
    """The lines of the whole report; ``names=False``: without anybody's name."""
    parts = [_head(analysis), []]
    if names:
        parts += [students(analysis.classroom, width), []]
    parts += [_distribution(analysis), [], _items(analysis, width), []]
    parts += [_groups(analysis, width, names), _who(analysis, width, names), _next(analysis, width)]
    return [line for part in parts for line in (part or [""])]


def _head(analysis):
    classroom = analysis.classroom
    here, all_of_them = len(classroom.handed_in), len(classroom.students)
    told = f"{printable(classroom.assignment)}: {here} of {all_of_them} students handed in and are "
    return [f"{told}graded; {classroom.points:g} points"]


def students(classroom, width=80):
    """A line for each student: id, points, and why; then what the marks beside the points mean."""
    ids = [printable(student.id) for student in classroom.students]
    column = min(_NAMES, max(map(len, ids), default=0))
    lines, starred = [], set()
    for name, student in zip(ids, classroom.students, strict=True):
        why = reason(student, classroom)
        waiting = waits_for(student, classroom) if student.handed_in else ""
        star = "*" if waiting and waiting != why else " "
        starred |= {waiting} if star == "*" else set()
        points = f"{student.score:.4g}" if student.handed_in else "–"
        line = f"{fitted(name, column)}  {points:>5}{star} {printable(why)}"
        lines.append(cut(line, width))
    if starred:
        told = starred.pop() if len(starred) == 1 else "something waits for a person"
        lines.append(f"{' ' * column}      * {told}")
    return lines


def _distribution(analysis):
    found = analysis.distribution
    if found is None:
        return []
    most = max(number for *_, number in found.bins)
    lines = ["Points"]
    for low, high, number in reversed(found.bins):
        bar = "█" * round(_BAR * number / most) or ("▏" if number else "")
        lines.append(
            f"  {low:>5.4g} – {high:<5.4g} {bar}{' ' if bar else ''}{number or ''}".rstrip()
        )
    low, middle, high = found.quartiles
    lines.append(
        f"  mean {found.mean:.1f}, median {middle:.4g}; the middle half has {low:.4g} to {high:.4g}"
    )
    return lines


def _items(analysis, width):
    head = f"{fitted('Tasks', _NAMES)}{'points':>7}{'all':>6}{'some':>6}{'none':>6}{'blank':>7}"
    lines = [f"{head}{'share':>7}{'separates':>11}"]
    chapter = None
    for (notebook, task), items in analysis.by_task.items():
        if notebook != chapter:
            chapter = notebook
            lines.append(cut(printable(notebook), width))
        points = sum(item.points for item in items)
        lines.append(_item(f"  {printable(task)}", points, analysis.tasks[notebook, task]))
        if len(items) > 1:
            for item in items:
                name = f"    {printable(item.prop or item.name)}"
                lines.append(_item(name, item.points, analysis.items[item.key]))
    return [
        *lines,
        *wrapped(
            "share: mean share of the points (difficulty); separates: correlation with the points "
            "of all else (discrimination; below 0.2 it says little of who is good at the rest)",
            width,
        ),
    ]


def _item(name, points, numbers):
    share = "–" if numbers.share is None else f"{numbers.share:.0%}"
    separates = "–" if numbers.separates is None else f"{numbers.separates:.2f}"
    blank = numbers.blank or ""
    told = f"{fitted(name, _NAMES)}{points:>7g}{numbers.full:>6}{numbers.partly or '':>6}"
    return f"{told}{numbers.none or '':>6}{blank:>7}{share:>7}{separates:>11}"


def _groups(analysis, width, names):
    titles = {
        CAUSE: "What the class misunderstood",
        MESSAGE: "Failures of which no test names the cause, those alike together",
        UNWRITTEN: "Not written",
    }
    lines = []
    for kind, title in titles.items():
        groups = [group for group in analysis.groups if group.cause.kind == kind]
        if not groups:
            continue
        lines.append(title)
        if kind == UNWRITTEN:
            told = ", ".join(f"{group.tasks[0]} {len(group.students)}" for group in groups)
            lines += [*wrapped(printable(told), width, " " * 6, " " * 6), ""]
            continue
        hidden = 0
        for group in groups[:GROUPS]:
            if not names and len(group.students) == 1 and kind == MESSAGE:
                hidden += 1
                continue
            lines += _group(group, width, names)
        more = len(groups) - len(groups[:GROUPS]) + hidden
        if more:
            lines.append(f"      and {more} more")
        lines.append("")
    return lines


def _group(group, width, names):
    told = _several(group.items) + (f"; {who(group.students)}" if names else "")
    return [
        *wrapped(printable(group.cause.text), width, f"{len(group.students):>5} ", " " * 6),
        *wrapped(printable(told), width, " " * 6, " " * 6),
    ]


def _several(titles, most=3):
    told = ", ".join(titles[:most])
    return f"{told} and {len(titles) - most} more" if len(titles) > most else told


def who(students, most=NAMED):
    """The first few of some ids, and how many more there are."""
    named = ", ".join(map(printable, students[:most]))
    more = len(students) - most
    return f"{named} and {more} more" if more > 0 else named


def kept_apart(classroom):
    """{what: [(id, more about it)]} of students whom somebody should think of."""
    found = {
        "wait for a mark": [
            (s.id, waits_for(s, classroom)) for s in classroom.handed_in if s.waits
        ],
        "were repaired": [(s.id, ", ".join(s.repairs)) for s in classroom.handed_in if s.repairs],
        "handed in late": [
            (s.id, f"{duration(s.late)}, −{s.penalty:g}" if s.penalty else duration(s.late))
            for s in classroom.handed_in
            if s.late
        ],
        "lack a notebook": [(s.id, ", ".join(s.missing)) for s in classroom.handed_in if s.missing],
        "are not graded yet": [(s.id, "") for s in classroom.students if s.ungraded],
        "handed in nothing": [
            (s.id, "") for s in classroom.students if not (s.handed_in or s.ungraded)
        ],
    }
    return {what: told for what, told in found.items() if told}


def _who(analysis, width, names):
    found = kept_apart(analysis.classroom)
    lines = ["Who"] if found else []
    for what, told in found.items():
        text = f"{what}{': ' + who([name for name, _ in told]) if names else ''}"
        lines += wrapped(text, width, f"{len(told):>5} ", " " * 6)
    return [*lines, ""] if lines else []


def _next(analysis, width):
    lines = ["Next"]
    for lesson in (*chores(analysis.classroom), *map(spoken, analysis.lessons())):
        lines += wrapped(printable(lesson), width, "  - ", "    ")
    return lines if len(lines) > 1 else ["Next: nothing that many need."]


def spoken(lesson):
    """A `Lesson` as a line."""
    return f"{lesson.about} ({lesson.students}): {lesson.why}"


def chores(classroom):
    """What is to be done before the numbers are final."""
    told = []
    if number := sum(student.ungraded for student in classroom.students):
        told.append(f"Grade what came in ({number}): proctor grade {classroom.assignment}")
    if number := sum(bool(student.waits) for student in classroom.handed_in):
        told.append(f"Mark what waits ({number}): Formgrader, Manual Grading")
    return told
