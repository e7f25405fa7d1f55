"""Late: what a submission loses for each day, after a grace and days that are free."""

import math

from nbgrader.api import MissingEntry
from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float, Integer

_DAY = 24 * 3600


class PerDay(LateSubmissionPlugin):
    """Takes a share of the points for each day that has begun.

    ``c.AssignLatePenalties.plugin_class = "proctor.plugins.late.PerDay"``
    """

    percent = Float(10.0, help="Of a notebook's points, for each day.").tag(config=True)
    grace = Float(15.0, help="Minutes that nobody counts.").tag(config=True)
    free_days = Integer(
        0,
        help="Late days that cost nothing, for all assignments together; those that are due first "
        "use them up.",
    ).tag(config=True)

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Points to take off a notebook."""
        days = self.days(total_seconds_late)
        if self.free_days:
            days -= max(0, self.free_days - self._used(student_id))
        return score * min(1.0, max(0, days) * self.percent / 100)

    def days(self, seconds):
        """Begun days, after the grace."""
        return max(0, math.ceil((seconds - 60 * self.grace) / _DAY))

    def _used(self, student):
        """Late days of the assignments that were due before this one."""
        book, used = self.parent.gradebook, 0
        here = book.find_assignment(self.parent.assignment_id)
        for other in book.assignments:
            if (
                other.duedate
                and here.duedate
                and (other.duedate, other.name)
                < (
                    here.duedate,
                    here.name,
                )
            ):
                try:
                    submission = book.find_submission(other.name, student)
                except MissingEntry:
                    continue
                used += self.days(submission.total_seconds_late)
        return used
