"""The command ``proctor``: ``proctor grade ASSIGNMENT``, ``proctor doctor``."""

import sys

_USAGE = """\
usage: proctor grade ASSIGNMENT   grade a class with all cores (proctor grade --help)
       proctor doctor             try what keeps a student's code in on this machine
       proctor kernel             install the Jupyter kernel "Python 3 (locked in)"
"""


def main():
    """Run a command; its own arguments follow its name."""
    command, *rest = sys.argv[1:] or ["--help"]
    sys.argv = [f"proctor {command}", *rest]
    if command == "grade":
        from .grade.app import GradeApp

        GradeApp.launch_instance(rest)
    elif command == "doctor":
        from . import doctor

        sys.exit(doctor.main(rest))
    elif command == "kernel":
        from .provisioner import install

        print(f"installed in {install()}")
    elif command in ("-h", "--help"):
        print(_USAGE, end="")
    else:
        sys.exit(f"proctor: there is no command {command!r}\n{_USAGE}")


if __name__ == "__main__":
    main()
