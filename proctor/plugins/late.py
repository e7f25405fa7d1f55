"""Late days: what handing in late costs, in shares of the points for each day that has begun.

c.AssignLatePenalties.plugin_class = "proctor.plugins.late.LateDays"
c.LateDays.per_day = 0.1       # a tenth of the points that were reached, for each day
c.LateDays.grace = 600         # seconds that nobody minds
c.LateDays.at_most = 1.0       # all points, after ten days
"""

import math

from nbgrader.plugins import BasePlugin
from traitlets import Float

_DAY = 86_400


class LateDays(BasePlugin):
    """Late days: nbgrader's plugin for penalties, with one that grows by the day.

    nbgrader asks it for each notebook, with the seconds after the due date, an extension counted
    in, and exports the points less the penalty.
    """

    per_day = Float(0.1, min=0, max=1, help="Share of the points lost for each day begun.").tag(
        config=True
    )
    grace = Float(600, min=0, help="Seconds after the due date that cost nothing.").tag(config=True)
    at_most = Float(1.0, min=0, max=1, help="Largest share of the points lost.").tag(config=True)

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """Return the points that a notebook of ``score`` points loses, or None."""
        if total_seconds_late <= self.grace:
            return None
        days = math.ceil((total_seconds_late - self.grace) / _DAY)
        return score * min(self.at_most, days * self.per_day)
