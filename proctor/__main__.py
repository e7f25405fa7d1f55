"""The command ``proctor``: ``proctor grade ASSIGNMENT``, ``proctor doctor``."""

import gc
import sys

_FORMATS = (
    *("fqdn", "isoduration", "rfc3339_validator", "rfc3986_validator", "rfc3987_syntax"),
    *("uri_template", "webcolors"),
)
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
        _grade(rest)
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


def _grade(words):
    """Start what takes time at once: the template imports while this process does."""
    if not any(word.startswith("--scheduler") for word in words):  # a cluster has its own
        from . import template

        template.begin()
    # jsonschema, which nbformat needs, imports these if it finds them, for formats of which there
    # is none in nbformat's schemas: half a second, most of it to compile a grammar of addresses.
    # None is how import is told that there is no such module.
    for name in _FORMATS:
        sys.modules.setdefault(name, None)
    gc.disable()  # what is imported stays: looking for garbage in it is in vain
    from .grade.app import GradeApp

    gc.freeze()
    gc.enable()
    try:
        GradeApp.launch_instance(words)
    finally:
        gc.freeze()  # nor on the way out: the system takes back what is left


if __name__ == "__main__":
    main()
