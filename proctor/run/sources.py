"""Sources of cells: which lines of them students can read, and which of them ran in their process.

A function tells of its file and line; IPython's name for a cell says which text that is.
"""

import re
import sys

from proctor.run.copies import listed
from proctor.run.names import constants, reads_cells
from proctor.run.taint import guard, guarded

_CELL = re.compile(r"<ipython-input-(\d{1,9})-")


class Sources:
    """The texts of a notebook's cells that have run.

    shell  the `Shell`
    about  what the source says of the notebook: the "source" of a `proctor.run.job.Job`

    ``runs`` says whether the test at hand could run a text.
    """

    def __init__(self, shell, about):
        self._shell, self._mark, self.runs = shell, about.get("mark"), True
        self._texts = [("", None)]  # (text, role), by IPython's numbers
        # {name of a cell that ran: its first line that students cannot read}
        self._hidden = {"<locked>": sys.maxsize}

    def add(self, source, role):
        """A cell runs next."""
        self._texts.append((source, role))

    def see(self, source, count):
        """Note how far students can read a test, whose lines run under IPython's name for it."""
        if not self._mark:
            return
        text = self._shell.transform_cell(source)  # its lines are counted, not the source's
        lines = text.split("\n")
        none = 0 if self._mark in source else len(lines) + 1
        hidden = next((n for n, line in enumerate(lines, 1) if self._mark in line), none)
        self._hidden[self._shell.compile.get_code_name(source, text, count)] = hidden

    def is_seen(self, function, private):
        """Whether students can read a function: in a cell, but a hidden region, or in a library.

        One that has another's name tells of that, too: both have to be such.

        private  top-level names of the modules that only the grader has
        """
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and not self.is_seen(wrapped, private):
            return False
        code, module = (getattr(function, part, None) for part in ("__code__", "__module__"))
        if module == "__main__":
            if code is None:  # of `functools.lru_cache`
                return wrapped is not None
            return code.co_firstlineno < self._hidden.get(code.co_filename, 0)
        if module not in sys.modules or module.partition(".")[0] in private:
            return False
        return vars(sys.modules[module]).get(getattr(function, "__name__", None)) is function

    def text_of(self, file):
        """The text of the cell that IPython ran by this name in the student's process, or None.

        It is what was handed in, whatever that process says; which line of it a function stands in
        is that process's word. A test that could run a text has none, and of what it has no code
        is made.
        """
        number = int(found[1]) if (found := _CELL.search(file)) else 0
        if self.runs or not 0 < number < len(self._texts):
            return None
        source, role = self._texts[number]
        text = self._shell.transform_cell(source)
        if role == "test" or self._shell.compile.get_code_name(source, text, number) != file:
            return None
        guard(text)
        return text

    def listed_for(self, source):
        """A context in which a test that asks for the texts of cells, ``In[-2]``, has them."""
        if not reads_cells(source, self._shell):
            return guarded()
        texts = [self._shell.transform_cell(text).rstrip("\n") for text, _ in self._texts]
        cells = zip(texts, self._texts, strict=True)
        theirs = [text for text, (_, role) in cells if role == "student"]
        return listed(texts, theirs, self._shell.user_ns)


def own_texts(source, shell):
    """What a cell may make code of, whatever a student returns."""
    return {source.strip()} | constants(source, shell)
