"""Lazy imports: what nbgrader imports, and hardly a command uses.

About half of a command's start would go to formats that nobody checks, Beautiful Soup, a client for
JupyterHub and a tool that builds packages.
"""

import importlib
import sys
import types

_FORMATS = (
    *("fqdn", "isoduration", "rfc3339_validator", "rfc3986_validator", "rfc3987_syntax"),
    *("uri_template", "webcolors"),
)
# {module: its functions that others import by name}
_LATER = {
    "requests": (),
    "setuptools.archive_util": ("unpack_archive", "unpack_tarfile", "unpack_zipfile"),
    "bs4": ("BeautifulSoup",),
}
_ASKED_OF_ALL = {"__file__", "__path__", "__warningregistry__"}  # by what looks through sys.modules


def leave_out_formats():
    """Let jsonschema, which nbformat needs, not import what checks formats of texts.

    There is none of them in nbformat's schemas, and it takes half a second, most of it to compile
    a grammar of addresses. None is how import is told that there is no such module.
    """
    for unused in _FORMATS:
        sys.modules.setdefault(unused, None)


def put_off():
    """Let modules that nbgrader imports be imported when something of them is first used."""
    for name in _LATER.keys() - sys.modules.keys():
        sys.modules[name] = _Later(name)


class _Later(types.ModuleType):
    """Stands for a module that is not imported yet."""

    def __getattr__(self, name):
        if name in _ASKED_OF_ALL:
            raise AttributeError(name)
        if name in _LATER[self.__name__]:
            return lambda *args, **kwargs: getattr(_imported(self), name)(*args, **kwargs)
        return getattr(_imported(self), name)


def _imported(later):
    name = later.__name__
    if sys.modules.get(name) is later:
        del sys.modules[name]
    return importlib.import_module(name)
