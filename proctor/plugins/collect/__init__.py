"""Takes in what students handed in, by nbgrader's extension points.

``exchange``  in place of nbgrader's ``ExchangeCollect``: ``nbgrader collect`` and Formgrader
``archives``  in place of its plugins of ``nbgrader zip_collect``
``downloaded``  archives of learning systems, whose formats `proctor.lms` knows
``screen``    what may be in a submission at all; also for folders put into ``submitted/`` by hand
``names``     what a file and a student may be called

A file that is not plainly the student's own is left out and the rest is taken. Whatever is left
out or looks wrong is said in one line each: in the log, and in the student's feedback from the
file that ``screen.notes`` reads.
"""

from proctor.plugins.collect.archives import Extractor, FileNameCollector
from proctor.plugins.collect.exchange import ExchangeCollect
from proctor.plugins.collect.screen import Screen, notes, refuse_names, set_aside

__all__ = [
    "ExchangeCollect",
    "Extractor",
    "FileNameCollector",
    "Screen",
    "notes",
    "refuse_names",
    "set_aside",
]
