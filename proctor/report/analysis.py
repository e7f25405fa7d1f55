"""Analysis: the numbers of a report, from what was gathered.

The two of classical test theory: *difficulty*, an item's mean share of its points (Crocker and
Algina, Introduction to Classical and Modern Test Theory, 1986, ch. 5), and *discrimination*, the
correlation of an item's points with the points of all others: for an item that is right or wrong,
the point-biserial, corrected for the item's own part in the total (Henrysson, Psychometrika 28,
1963).
"""

import collections
import math
import statistics
from dataclasses import dataclass

from proctor.report.causes import CAUSE, UNWRITTEN

FEWEST = 10  # students; of fewer, a correlation says nothing
BINS = 10  # of the distribution
MANY = 0.1  # of the class: so many are worth a lesson
LESSONS = 3  # that are proposed
HARD, BLANK = 0.5, 0.25  # share of points below, of blank answers above which a task is named


@dataclass(frozen=True)
class Numbers:
    """Numbers: what became of an item, or of a task, which is several of them.

    students  who handed in and whose points are known; of them ``full`` have all points, ``none``
              have none, ``partly`` some
    unread    who handed in and whose points nobody knows yet
    waits     who waits for a person, to be read or to be looked at again
    blank     who left the answer as it was released
    share     mean share of the points (difficulty: the higher, the easier), None of nobody
    separates discrimination, from -1 to 1; None if there are too few students, or all have the same
    """

    students: int
    full: int
    partly: int
    none: int
    unread: int
    waits: int
    blank: int
    share: float | None
    separates: float | None


@dataclass(frozen=True)
class Group:
    """Group: who lost points for the same reason.

    cause     the `Cause`, as most of them have it
    students  ids, in order
    items     titles of the items that it cost
    tasks     the tasks of these
    points    points that it cost, in all
    """

    cause: object
    students: tuple
    items: tuple
    tasks: tuple
    points: float


@dataclass(frozen=True)
class Lesson:
    """Lesson: something to teach, or to look at, next week.

    about     a section or a task
    students  how many it concerns
    why       a sentence
    """

    about: str
    students: int
    why: str


@dataclass(frozen=True)
class Distribution:
    """Distribution: the points of those who handed in.

    bins  [(from, to, number)], the last with its upper end
    """

    bins: tuple
    mean: float
    deviation: float
    quartiles: tuple


class Analysis:
    """Analysis: the numbers of a `Classroom`.

    items, tasks  {key of an item, (notebook, task): `Numbers`}
    groups        `Group`s, the one with most students first
    distribution  None if nobody handed in
    """

    def __init__(self, classroom):
        self.classroom = classroom
        by_task = collections.defaultdict(list)
        for item in classroom.items:
            by_task[item.notebook, item.task].append(item)
        self.by_task = dict(by_task)
        here = classroom.handed_in
        unread = {key for s in here for key, mark in s.marks.items() if mark.unread}
        # what nobody has read yet is no part of what others are compared with
        read = [item for item in classroom.items if item.key not in unread]
        self._rest = {s.id: sum(_score(s, item) for item in read) for s in here}
        self._counted = {item.key for item in read}
        self.items = {item.key: self._numbers([item]) for item in classroom.items}
        self.tasks = {task: self._numbers(items) for task, items in self.by_task.items()}
        self.groups = _groups(classroom)
        self.distribution = _distribution(classroom)

    def _numbers(self, items):
        known, shares, rests = [], [], []
        most = sum(item.points for item in items)
        blank = waits = 0
        for student in self.classroom.handed_in:
            marks = [student.marks.get(item.key) for item in items]
            waits += any(mark is not None and mark.waits for mark in marks)
            blank += (items[0].notebook, items[0].task) in student.blank
            if None in marks or any(mark.unread for mark in marks):
                continue
            got = sum(mark.score for mark in marks)
            own = sum(_score(student, item) for item in items if item.key in self._counted)
            known.append(got)
            shares.append(got / most if most else math.nan)
            rests.append(self._rest[student.id] - own)
        full = sum(got >= most for got in known)
        none = sum(got <= 0 < most for got in known)
        return Numbers(
            students=len(known),
            full=full,
            partly=len(known) - full - none,
            none=none,
            unread=len(self.classroom.handed_in) - len(known),
            waits=waits,
            blank=blank,
            share=statistics.fmean(shares) if most and shares else None,
            separates=correlation(known, rests),
        )

    def lessons(self):
        """What to teach, or to look at: `Lesson`s, the most urgent first."""
        here = len(self.classroom.handed_in)
        if not here:
            return []
        return [*self._misunderstood(here), *self._unexplained(), *self._backwards()]

    def _misunderstood(self, here):
        """Sections, or tasks where a course names none, that many should hear of again."""
        about = collections.defaultdict(list)
        for group in self.groups:
            if group.cause.kind == CAUSE:
                about[group.cause.read or ", ".join(group.tasks)].append(group)
        found = []
        for section, groups in about.items():
            students = {name for group in groups for name in group.students}
            if len(students) >= max(2, MANY * here):
                why = f"{'most often: ' if len(groups) > 1 else ''}{groups[0].cause.text}"
                found.append(Lesson(f'Teach "{section}" again', len(students), why))
        return sorted(found, key=lambda lesson: -lesson.students)[:LESSONS]

    def _unexplained(self):
        """Tasks that most points were lost of, or that many left blank."""
        found = []
        for (notebook, task), numbers in self.tasks.items():
            known = numbers.students
            blank = numbers.blank
            title = f"{notebook}: {task}"
            if numbers.unread > known:
                continue
            if known > 1 and blank >= max(2, BLANK * known):
                why = "they left it blank: was there time, and is it clear what it builds on?"
                found.append(Lesson(title, blank, why))
            elif known > 1 and numbers.share is not None and numbers.share < HARD:
                explained = {
                    name
                    for group in self.groups
                    if task in group.tasks and group.cause.kind == CAUSE
                    for name in group.students
                }
                lost = known - numbers.full
                if lost >= 2 and 2 * len(explained) < lost:
                    why = f"{numbers.share:.0%} of its points, and no misunderstanding that most "
                    why += "of them share: look at some answers together"
                    found.append(Lesson(title, lost, why))
        return sorted(found, key=lambda lesson: -lesson.students)[:LESSONS]

    def _backwards(self):
        """Items that those lose who are good at the rest: the test may be at fault."""
        found = []
        for item in self.classroom.items:
            numbers = self.items[item.key]
            # by chance alone, one in forty is lower
            if numbers.separates is not None and numbers.separates < -2 / numbers.students**0.5:
                why = f"who does well elsewhere loses it (discrimination {numbers.separates:.2f}): "
                why += "look at the test before the class"
                lost = numbers.students - numbers.full
                lesson = Lesson(f"{item.notebook}: {item.title}", lost, why)
                found.append((numbers.separates, lesson))
        return [lesson for _, lesson in sorted(found, key=lambda pair: pair[0])[:LESSONS]]


def _score(student, item):
    mark = student.marks.get(item.key)
    return 0.0 if mark is None else mark.score


def correlation(points, rests):
    """Pearson's correlation; None of fewer than ten, or if all are the same."""
    if len(points) < FEWEST:
        return None
    try:
        return statistics.correlation(points, rests)
    except statistics.StatisticsError:
        return None


def _groups(classroom):
    """The causes that are alike, told together."""
    about = {item.key: item for item in classroom.items}
    found = collections.defaultdict(list)
    for student in classroom.handed_in:
        for key, cause in student.causes.items():
            lost = about[key].points - student.marks[key].score
            found[cause.kind, cause.alike].append((student.id, about[key], cause, lost))
    groups = []
    for told in found.values():
        most = collections.Counter(cause for _, _, cause, _ in told).most_common(1)[0][0]
        students = tuple(dict.fromkeys(name for name, *_ in told))
        order = sorted({item for _, item, *_ in told}, key=classroom.items.index)
        items = tuple(dict.fromkeys(item.title for item in order))
        tasks = tuple(dict.fromkeys(item.task for item in order))
        groups.append(Group(most, students, items, tasks, sum(lost for *_, lost in told)))
    rank = {CAUSE: 0, UNWRITTEN: 2}
    return sorted(
        groups,
        key=lambda g: (rank.get(g.cause.kind, 1), -len(g.students), -g.points, g.cause.text),
    )


def _distribution(classroom):
    scores = [student.score for student in classroom.handed_in]
    if not scores:
        return None
    most = classroom.points or max(1.0, *scores)
    numbers = [0] * BINS
    for score in scores:
        numbers[min(BINS - 1, max(0, int(score / most * BINS)))] += 1
    ends = [most * n / BINS for n in range(BINS + 1)]
    bins = tuple(zip(ends, ends[1:], numbers, strict=False))
    quartiles = (
        tuple(statistics.quantiles(scores, n=4, method="inclusive"))
        if len(scores) > 1
        else (scores[0],) * 3
    )
    return Distribution(bins, statistics.fmean(scores), statistics.pstdev(scores), quartiles)
