"""The command ``proctor``: see ``proctor --help``."""

import gc
import importlib
import os
import signal
import sys

from proctor import __version__, imports

_USAGE = """\
usage: proctor COMMAND ASSIGNMENT  (proctor COMMAND --help)

  rehearse  try an assignment's tests before its release
  grade     grade a class with all cores
  feedback  write its feedback with all cores
  report    see how a class has done, and what to teach next
  export    write the marks: a table, or into a learning system's file; or pack feedback

       proctor extend      give one student more time (ASSIGNMENT STUDENT --days 2)
       proctor students    take a learning system's list of students (import FILE)
       proctor doctor      try what keeps a student's code in on this machine; look at the course
       proctor kernel      install the Jupyter kernel "Python 3 (locked in)"
       proctor --version
"""
# a command's module, its application, and whether it plays notebooks
_APPS = {
    "rehearse": ("proctor.batch.rehearse", "RehearseApp", True),
    "grade": ("proctor.batch.app", "GradeApp", True),
    "feedback": ("proctor.batch.feedback", "FeedbackApp", False),
    "report": ("proctor.report.app", "ReportApp", False),
    "extend": ("proctor.batch.extend", "ExtendApp", True),
    "export": ("proctor.export.app", "ExportApp", False),
    "students": ("proctor.export.students", "StudentsApp", False),
}
_KERNEL = """\
usage: proctor kernel

Install the Jupyter kernel "Python 3 (locked in)", in which a notebook's code is kept in as a
student's code is while it is graded.
"""
STOPPED = 130  # the exit status after Ctrl-C


def main():
    """Run a command; its own arguments follow its name."""
    try:
        _run(*(sys.argv[1:] or ["--help"]))
    except KeyboardInterrupt:
        sys.exit(STOPPED)


def _run(command, *rest):
    sys.argv = [f"proctor {command}", *rest]
    if command in _APPS:
        module, name, plays = _APPS[command]
        if plays:
            _warm_up(command, rest)
        _launch(rest, module, name, plays)
    elif command == "doctor":
        from proctor.batch import checkup
        from proctor.sandbox import doctor

        sys.exit(doctor.main(list(rest), checkup.told))
    elif command == "kernel":
        _kernel(rest)
    elif command in ("-h", "--help"):
        print(_USAGE, end="")
    elif command in ("-V", "--version"):
        print(f"proctor {__version__}")
    else:
        sys.exit(f"proctor: there is no command {command!r}\n{_USAGE}")


def _kernel(words):
    if words:
        helped = words[0] in ("-h", "--help")
        print(_KERNEL, end="", file=sys.stdout if helped else sys.stderr)
        sys.exit(0 if helped else 2)
    from proctor.plugins.provisioner import install

    print(f"installed in {install()}")


def _warm_up(command, words):
    """Start what takes time at once: the template imports while this process does."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else Ctrl-C is not for this process
        # a module that is interrupted while it is imported may answer with any error
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))
    if not any(word.startswith("--scheduler") for word in words):  # a cluster has its own
        _begin(command)
    signal.signal(signal.SIGINT, before)


def _launch(words, module, name, plays):
    """Import a command's application and run it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else Ctrl-C is not for this process
        # a module that is interrupted while it is imported may answer with any error
        signal.signal(signal.SIGINT, lambda *_: os._exit(STOPPED))
    imports.leave_out_formats()
    if plays:  # else its pages need some of them
        imports.put_off()
    gc.disable()  # what is imported stays: looking for garbage in it is in vain
    app = getattr(importlib.import_module(module), name)
    gc.freeze()
    gc.set_threshold(50_000)  # rows and cells are made by the thousand, and few are garbage
    gc.enable()
    signal.signal(signal.SIGINT, before)
    try:
        app.launch_instance(list(words))
    finally:
        gc.freeze()  # nor on the way out: the system takes back what is left


def _begin(command):
    from proctor.run import template

    try:
        template.begin()
    except OSError as error:
        from proctor.wording import reason

        print(f"proctor {command}: {reason(error)}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
