"""LMS: the files of learning systems, each system in a module of the same functions.

======================  ============================================================================
``TITLE``               what people call it
``NAME``                what its file of marks is called
``fits(sheet)``         whether a file is that one
``target(sheet, …)``    where in it marks and comments go (`proctor.lms.target`)
``STUDENTS``            its list of students: headings of columns (`proctor.lms.students`)
``entries(paths, …)``   its archive of submissions: whose a file is (`proctor.lms.archive`)
``FEEDBACK``            how its archive of feedback is named; None where it takes none
======================  ============================================================================

ILIAS has no file of marks. Nothing here knows of nbgrader, a gradebook or a network.
"""

NAMES = ("canvas", "moodle", "blackboard", "ilias", "brightspace")  # as settings have them


class Unfit(ValueError):
    """A file that cannot be read or filled; the message says why, for people."""
