"""The command ``proctor grade``."""

import os
import sys
import time

from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from nbgrader.converters import Autograde, BaseConverter
from nbgrader.converters.base import NbGraderException
from traitlets import Bool, Float, Integer, Unicode, default

from proctor import configure

from .pool import Cluster, Here
from .report import Report
from .writer import Writer


class GradeApp(NbGrader):
    """Grade a class with all cores, or on a Dask cluster."""

    name = "proctor-grade"
    description = (
        "Grade an assignment's submissions with all cores, or on a Dask cluster. What is graded "
        "and has not changed is passed over; stopped with Ctrl-C, the next call goes on."
    )
    examples = """
        proctor grade ps1
        proctor grade ps1 --student ada --force
        proctor grade ps1 --workers 8 --json > result.json
        proctor grade ps1 --scheduler tcp://10.0.0.1:8786
        proctor grade ps1 --watch
    """
    aliases = nbgrader_aliases | {
        "course": "CourseDirectory.course_id",
        "workers": "GradeApp.workers",
        "scheduler": "GradeApp.scheduler",
    }
    flags = nbgrader_flags | {
        "force": ({"BaseConverter": {"force": True}}, "Grade again what is graded already."),
        "f": ({"BaseConverter": {"force": True}}, "Grade again what is graded already."),
        "json": ({"GradeApp": {"json": True}}, "Print the result as JSON."),
        "watch": ({"GradeApp": {"watch": True}}, "Go on, and grade what comes, until Ctrl-C."),
        "no-sandbox": (
            {"Execute": {"sandbox": False}},
            "Grade although nothing keeps a student's code in. The report says so.",
        ),
    }

    workers = Integer(0, help="Notebooks at a time; 0: one for each core.").tag(config=True)
    scheduler = Unicode(
        "", help='Address of a Dask scheduler; "local": a cluster of this machine.'
    ).tag(config=True)
    json = Bool(False, help="Print the result as JSON.").tag(config=True)
    watch = Bool(False, help="Go on, and grade what comes.").tag(config=True)
    pause = Float(0.5, help="Seconds between two looks at submitted/.").tag(config=True)

    @default("classes")
    def _classes_default(self):
        return [*super()._classes_default(), BaseConverter, Autograde]

    @default("log_level")
    def _log_level_default(self):
        return 40  # what a single line can say stands in the table

    def start(self):
        """Grade; exits with 0, 1 if any submission could not be graded, 130 after Ctrl-C."""
        super().start()
        if self.extra_args:
            self.coursedir.assignment_id, *more = self.extra_args
            if more:
                self.fail(f"one assignment at a time, not also {' '.join(more)}")
        if not self.coursedir.assignment_id:
            self.fail("which assignment? for example: proctor grade ps1")
        configure(self.config)
        sys.exit(self._watch() if self.watch else self._grade())

    def fail(self, text, *args):
        """Say in one line what is wrong, and exit."""
        print(f"proctor grade: {text % args if args else text}", file=sys.stderr)
        sys.exit(2)

    def _grade(self, pools=None):
        report = Report(live=not self.json)
        writer = Writer(
            lambda unit: self._pool(unit, pools),
            report,
            coursedir=self.coursedir,
            parent=self,
        )
        status = 0
        try:
            writer.start()
        except NbGraderException as error:
            status = 1
            print(f"proctor grade: {error}", file=sys.stderr)
        except KeyboardInterrupt:
            status = 130
        finally:
            report.end()
        if self.json:
            print(report.as_json())
        elif report.due or not self.watch:
            report.show(stopped=status == 130)
        return status

    def _pool(self, unit, pools):
        if self.scheduler:
            return Cluster(unit, self.scheduler, self.workers or cores())
        return Here(unit, self.workers or cores())

    def _watch(self):
        while (status := self._grade()) != 130:
            try:
                time.sleep(self.pause)
            except KeyboardInterrupt:
                break
        return 0 if status == 130 else status


def cores():
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))


main = GradeApp.launch_instance
