"""The command ``proctor grade``."""

import contextlib
import difflib
import glob
import itertools
import logging
import os
import signal
import sys
import threading
import time
import traceback

from nbgrader.apps.baseapp import NbGrader, nbgrader_aliases, nbgrader_flags
from nbgrader.converters import Autograde, BaseConverter
from sqlalchemy.exc import SQLAlchemyError
from traitlets import Bool, Float, Integer, TraitError, Unicode, default

from proctor import configure
from proctor.batch import Refused, Wait
from proctor.batch.pool import Here
from proctor.batch.recorder import Recorder
from proctor.batch.report import Report
from proctor.batch.watch import Watch
from proctor.plugins import gradebook
from proctor.plugins.collect.names import assignment_problem
from proctor.sandbox import NoIsolation
from proctor.wording import first_line, reason

NO_DASK = "--scheduler needs Dask's distributed: pip install '/path/to/the/clone[cluster]'"
DONE, FAILED, USAGE, STOPPED = 0, 1, 2, 130  # exit statuses

FEW = 5  # students who are looked at alone; of more, all are
AT_MOST = 0.7  # seconds that stopping may take, where something does not hear of it


def without(options, *names):
    """A command's aliases or flags but these."""
    return {name: option for name, option in options.items() if name not in names}


class GradeApp(NbGrader):
    """Grade a class with all cores, or on a Dask cluster."""

    name = "proctor-grade"
    raise_config_file_errors = True  # else a course is graded without its own settings
    description = (
        "Grade an assignment's submissions with all cores, or on a Dask cluster. What is graded "
        "and has not changed is passed over; stopped with Ctrl-C, the next call goes on. Exit "
        "status: 0 all that was due is graded, 1 some is not, 2 bad input, 130 Ctrl-C "
        "(which is how --watch is ended: 0 then)."
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
        "feedback": ({"GradeApp": {"feedback": True}}, "Write the feedback, too."),
        "watch": ({"GradeApp": {"watch": True}}, "Go on, and grade what comes, until Ctrl-C."),
        "no-sandbox": (
            {"Execute": {"sandbox": False}},
            "Grade even where nothing can keep a student's code in (where something can, it still "
            "does). The report says so.",
        ),
    }

    workers = Integer(
        help="Notebooks at a time; by default one for each core. On a cluster, at least so many "
        "are under way even while it has fewer workers: an adaptive one grows by what waits."
    ).tag(config=True)
    scheduler = Unicode(
        "", help='Address of a Dask scheduler; "local": a cluster of this machine.'
    ).tag(config=True)
    json = Bool(False, help="Print the result as JSON.").tag(config=True)
    watch = Bool(False, help="Go on, and grade what comes.").tag(config=True)
    feedback = Bool(False, help="Write the feedback, too.").tag(config=True)
    pause = Float(0.3, help="Seconds between two looks at submitted/.").tag(config=True)

    @default("workers")
    def _workers_default(self):
        return len(os.sched_getaffinity(0))

    @default("classes")
    def _classes_default(self):
        return [*super()._classes_default(), BaseConverter, Autograde]

    @default("log_level")
    def _log_level_default(self):
        return logging.CRITICAL  # the report says it

    def exit(self, exit_status=0):
        """What traitlets ends with is bad usage."""
        super().exit(USAGE if exit_status else DONE)

    def fail(self, text, *args):
        """Say in one line what is wrong, and exit."""
        print(f"{self._called()}: {text % args if args else text}", file=sys.stderr)
        sys.exit(USAGE)

    @contextlib.contextmanager
    def gradebook(self):
        """The course's gradebook, for a command that makes none; what is wrong with it is told."""
        url = self.coursedir.db_url
        if not gradebook.exists(url):
            self.fail("there is no gradebook at %s: grade something first", url)
        try:
            with gradebook.opened(url, self.coursedir.course_id) as book:
                yield book
        except SQLAlchemyError as error:
            self.fail("the gradebook: %s", first_line(error))

    def initialize(self, argv=None, root=""):
        """Read the command line and the configuration."""
        try:
            super().initialize(argv, root)
        except Exception as error:  # whatever a configuration file raises
            if self._is_debugged():
                raise
            self.fail("%s", _where(error))

    def parse_command_line(self, argv=None):
        """Read the command line; an option that is none is bad usage."""
        known = {"h", "help", "help-all", "V", "version"}
        for names in (*self.aliases, *self.flags):
            known |= {names} if isinstance(names, str) else set(names)
        for word in itertools.takewhile("--".__ne__, argv or ()):
            option = word.partition("=")[0]
            name = option.lstrip("-")
            # one with a point is a setting of a class; a negative number is none
            if name and name != option and name not in known and not set(name) & set(".0123456789"):
                near = difflib.get_close_matches(name, known, 1)
                self.fail(
                    "there is no option %s%s: %s --help lists them",
                    *(option, f" (is it --{near[0]}?)" if near else "", self._called()),
                )
        super().parse_command_line(argv)

    def _called(self):
        return self.name.replace("-", " ")

    def _is_debugged(self):
        return self.log_level <= logging.DEBUG or "--debug" in (self.argv or ())

    def ask(self, question):
        """Take the assignment that the command line names; ask for it if there is none."""
        if self.extra_args:
            self.coursedir.assignment_id, *more = self.extra_args
            if more:
                self.fail("one assignment at a time, not also %s", " ".join(more))
        if not self.coursedir.assignment_id:
            self.fail(question)
        if why := assignment_problem(self.coursedir.assignment_id):
            self.fail("%s", why)
        return self.coursedir.assignment_id

    def start(self):
        """Grade, and exit."""
        super().start()
        self.ask("which assignment? for example: proctor grade ps1")
        if self.workers < 1:
            self.fail(f"--workers {self.workers}: at least one is needed")
        if self.config.Autograde.exporter_class != "proctor.plugins.exporter.Exporter":
            configure(self.config)  # nbgrader_config.py does not
        self.pool, self.told = None, {}
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C
        logging.getLogger("tornado.application").setLevel(self.log_level)  # nbgrader's gradebook
        try:
            sys.exit(self._watch() if self.watch else self._grade()[0])
        finally:
            self._close()
            # CPython ends by the signal, whatever the status, if an interrupt has passed through a
            # text that was executed (as the standard library does) and none was executed since
            exec("")

    def _grade(self):
        """Grade what is due; return the exit status, the report, and whether waiting may help."""
        report = Report(self.coursedir.assignment_id, live=not self.json)
        status, passes = DONE, False
        try:
            Recorder(self._open, report, coursedir=self.coursedir, parent=self).start()
            status = FAILED if report.failures else DONE
        except (Refused, NoIsolation) as error:
            status, passes = FAILED if report.due else USAGE, isinstance(error, Wait)
            self._say(error)
        except KeyboardInterrupt:
            status = STOPPED
            self._close()
        except Exception as error:  # most of all, of a setting that is used for the first time
            status = FAILED if report.due else USAGE
            passes = isinstance(error, (OSError, SQLAlchemyError))
            if self._is_debugged():
                traceback.print_exc()
            why = reason(error) if isinstance(error, (OSError, TraitError)) else _named(error)
            self._say(f"{why} (all of it with --debug)")
        finally:
            report.end()
        if self.feedback and status in (DONE, FAILED) and report.scores:
            status = self._write_feedback(status)
        if status != USAGE:
            if self.json:
                print(report.as_json(stopped=status == STOPPED), flush=True)
            else:
                known = self.told.items() if self.watch else ()
                report.show(stopped=status == STOPPED, brief=self.watch, known=dict(known))
        return status, report, passes

    def _write_feedback(self, status):
        """Write the feedback of what has changed; return the exit status."""
        from proctor.batch.feedback import write

        self._close()  # its threads: pages are made in forks of this process
        return write(self, self.workers, quiet=self.json) or status

    def _say(self, what):
        """Write a line; with --watch, not the one that was written last."""
        if not (self.watch and self.told.get("") == str(what)):
            _tell(what)
        self.told[""] = str(what)

    def _open(self, unit):
        """The pool for a unit; the one before stays if it is for the same."""
        if self.pool is not None and self.pool.unit.key != unit.key:
            self._close()
        if self.pool is None and self.scheduler:
            try:
                from proctor.batch.cluster import Cluster
            except ImportError:
                raise Refused(NO_DASK) from None
            self.pool = Cluster(unit, self.scheduler, self.workers)
        elif self.pool is None:
            self.pool = Here(unit, self.workers)
        return self.pool

    def _close(self):
        if self.pool is not None:
            self.pool.close()
            self.pool = None

    def _watch(self):
        """Grade what is there and what comes, until Ctrl-C or SIGTERM.

        What is wrong from the beginning ends it. Later nothing does: what could not be graded is
        told, and tried again.
        """
        watch, self.asked, self.begun = Watch(self.coursedir), self.coursedir.student_id, False
        _end_soon()
        try:
            while True:
                try:
                    status = self._look(watch)
                except OSError as error:  # most of all of the disk that is written to, full
                    self._say(reason(error))
                    status = None
                if status is not None:
                    return status
                time.sleep(self.pause)
        except KeyboardInterrupt:
            return DONE

    def _look(self, watch):
        """Grade what has come; return the exit status if this is the end, else None."""
        changed = watch.changed()
        self._tell_unfit(watch)
        for student in [self.asked] if len(changed) > FEW else changed:
            students = changed if student == self.asked else [student]
            self.coursedir.student_id = student
            try:
                status, report, passes = self._grade()
            except OSError:  # it could not be told
                watch.again(students)
                raise
            if status == STOPPED or (status == USAGE and not (self.begun or passes)):
                return DONE if status == STOPPED else status
            self.begun = self.begun or status != USAGE
            self._settle(watch, students, status, report)
        return None

    def _settle(self, watch, students, status, report):
        """Note who is to be graded again, and what was told of whom."""
        unfinished = status == USAGE or report.left()
        failed = {glob.escape(student) for student in report.failures}
        if unfinished:
            self._close()  # whatever was wrong with it, the next one is new
            failed |= set(students) - {glob.escape(student) for student in report.scores}
        watch.again(failed)
        watch.graded(set(students) - failed)
        for student in report.scores:
            self.told.pop(student, None)
        self.told |= report.failures
        if not unfinished:
            self.told.pop("", None)

    def _tell_unfit(self, watch):
        new = [line for folder, line in watch.unfit.items() if folder not in self.told]
        for line in new[:FEW]:
            _tell(line)
        if len(new) > FEW:
            _tell(f"… and {len(new) - FEW:,} more folders whose names can be no student's id")
        self.told |= dict.fromkeys(watch.unfit)


def _tell(line):
    with contextlib.suppress(OSError):  # nobody hears it
        print(f"proctor grade: {line}", file=sys.stderr, flush=True)


def _end_soon():
    """End this process soon after a signal even if it waits in C, where it cannot hear of one.

    SQLite waits so for a lock, up to a minute. A killed grader loses nothing.
    """
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)

    def end():
        while os.read(heard, 1)[0] not in (signal.SIGINT, signal.SIGTERM):
            pass
        time.sleep(AT_MOST)
        os._exit(DONE)

    threading.Thread(target=end, daemon=True).start()


def _where(error):
    """What is wrong with a configuration file, and in which line."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.endswith("_config.py")]
    place = f"{own[-1].filename}, line {own[-1].lineno}" if own else "the configuration"
    return f"{place}: {_named(error)}"


def _named(error):
    return f"{type(error).__name__}: {first_line(error)}"
