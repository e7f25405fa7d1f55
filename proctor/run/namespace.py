"""Namespace of the tests: what the course's cells bind in the runner, and whose a name is.

The student's process runs every cell at once. Here the locked cells run when a test needs them,
and the names that model answers bind or change are given up: the student's process is asked for
what they stand for.
"""

import types
from collections import deque

from proctor.run.names import built_in, doubled, helpers, needed, owned, statements
from proctor.run.sources import own_texts
from proctor.run.taint import watched

# what stays what it is though something of it is set: a module's attribute, a function's
_UNCHANGED = (types.ModuleType, types.FunctionType, type)
_NOTHING = ()


class Namespace:
    """The names of the trusted side, in the shell's namespace.

    shell    the `Shell`
    about    what the source says of the notebook: the "source" of a `proctor.run.job.Job`
    limited  function without arguments that gives a context for code of the course's, which ends
             it when it takes too long
    crosses  function of a value: whether it can be passed to the student's process
    """

    def __init__(self, shell, about, limited, crosses):
        self._shell, self._about, self._limited, self._crosses = shell, about, limited, crosses
        self._passed = []  # still to be done here: ("run", a locked cell), ("leave", an answer)
        self._needs = set()  # names that the locked cells which ran take from others
        self.doubled = set()  # what those may put test doubles in the place of
        self.helpers = {}  # {name of a function of theirs: the names in its code}
        self.imports = {}  # {name: statement}: what model answers import
        self.owned = set()  # names that are the tests'
        self.built_in = set(built_in(shell))  # names; without those that model answers bind

    def passed(self, cell):
        """The notebook has come past a cell."""
        if cell["role"] == "locked":
            self._passed.append(("run", cell["source"]))
        elif "answer" in cell:
            self._passed.append(("leave", cell["answer"]))

    def catch_up(self, heard):
        """Do here what was passed: locked cells bind names, answers take them over.

        heard  what a student's process has said: a locked cell may find it in what a test has left
        """
        for what, cell in self._passed:
            if what == "leave":
                self._leave(cell)
                continue
            with watched(heard, own_texts(cell, self._shell)):
                self._run(cell)
            self._shell.written()
        self._passed.clear()

    def wanted_by(self, source):
        """Names that a test, or a cell of the course's that it may call, takes from others."""
        self.owned |= owned(source, self._shell)
        doubles = {name for module, name in self.doubles_of(source) if module == "__main__"}
        return (self._needs | needed(source, self._shell) | doubles) - self.built_in

    def doubles_of(self, source):
        """What a test may put test doubles in the place of: (module, name)."""
        return self.doubled | doubled(source, self._shell)

    def _run(self, source):
        self._needs |= needed(source, self._shell)
        self.helpers |= helpers(source, self._shell)
        self.doubled |= doubled(source, self._shell)
        waiting = deque(statements(source, self._shell))
        while waiting:
            try:
                with self._limited():  # all of them together, or those after one that failed
                    while waiting:
                        exec(waiting[0][0], self._shell.user_ns)
                        waiting.popleft()
            except Exception:
                # it uses what is the student's: only there it is known what came of it
                if waiting:
                    self._give_up(waiting.popleft()[1])

    def _leave(self, answer):
        """Names that the model answer binds or changes are the student's from here on."""
        self._give_up(answer["binds"], _NOTHING)
        self.built_in.difference_update(answer["binds"], answer["imports"])
        self._give_up(answer["changes"])
        names = self._shell.user_ns
        asked = [n for n in answer.get("asks", ()) if self._is_of_the_course(names.get(n))]
        # of a library's object that is no data each side has its own: theirs is what they answer of
        asked += [n for n in answer.get("reads", ()) if n in names and not self._crosses(names[n])]
        self._give_up(asked)
        self.imports.update(answer["imports"])

    def _is_of_the_course(self, value):
        """Whether a value is of a class that a cell or a module of the course's defines."""
        kind = type(value)
        beside = kind.__module__ in self._about.get("beside", ())
        return beside or kind.__name__ in self._about.get("released", ())

    def _give_up(self, touched, but=_UNCHANGED):
        """Let the student's process say what names stand for; ``but``: not those of these kinds."""
        names = self._shell.user_ns
        for name in touched:
            if not isinstance(names.get(name), but):
                self.owned.discard(name)
                names.pop(name, None)
