"""Command: what the commands of ``proctor`` that read a course's configuration have in common."""

import difflib
import itertools
import logging
import sys
import traceback

from nbgrader.apps.baseapp import NbGrader
from traitlets import default

from proctor.wording import first_line

DONE, FAILED, USAGE, STOPPED = 0, 1, 2, 130  # exit statuses


class Command(NbGrader):
    """A command with nbgrader's configuration; what is wrong with its use is one clear line."""

    raise_config_file_errors = True  # else a course is read without its own settings

    @property
    def words(self):
        """The command as it is typed."""
        return self.name.replace("-", " ")

    @default("log_level")
    def _log_level_default(self):
        return logging.CRITICAL  # the report says it

    def exit(self, exit_status=0):
        """What traitlets ends with is bad usage."""
        super().exit(USAGE if exit_status else DONE)

    def fail(self, text, *args):
        """Say in one line what is wrong, and exit."""
        print(f"{self.words}: {text % args if args else text}", file=sys.stderr)
        sys.exit(USAGE)

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
                    *(option, f" (is it --{near[0]}?)" if near else "", self.words),
                )
        super().parse_command_line(argv)

    def _is_debugged(self):
        return self.log_level <= logging.DEBUG or "--debug" in (self.argv or ())


def _where(error):
    """What is wrong with a configuration file, and in which line."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.endswith("_config.py")]
    place = f"{own[-1].filename}, line {own[-1].lineno}" if own else "the configuration"
    return f"{place}: {named(error)}"


def named(error):
    """An error's type and first line."""
    return f"{type(error).__name__}: {first_line(error)}"
