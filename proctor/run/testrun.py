"""Test run: one test, and what it and the student's functions that it calls see of each other.

Names are fetched before it. Before and after each call, what the test has set goes over, and what
the call has left comes back: files, deleted names, test doubles, context, what is printed or asked.
"""

import contextlib
import re
import sys
from enum import EnumType

from proctor.rpc import NameMissing, Proxy, WallError
from proctor.run import streams
from proctor.run.context import Context
from proctor.run.copies import laid_out
from proctor.run.doubles import Doubles
from proctor.run.modules import imported
from proctor.run.names import (
    asks_for_names,
    reads_files,
    runs_texts,
    used,
    with_helpers,
    writes_files,
)
from proctor.run.outputs import read, showable, stream
from proctor.run.sharing import Sharing
from proctor.run.sources import own_texts
from proctor.run.taint import guard, refuse_doctests, watched

# names that IPython binds, and Python
_OF_THE_SHELL = re.compile(
    r"In|Out|exit|quit|open|get_ipython|_{1,3}|_i{1,3}|_i?\d+|_[iod]h|__\w+__"
)
_UNNAMED, _UNNAMED_BYTES = 500, 16 << 20  # of what a test has that asks for names, at most


class TestRun:
    """One test, to be played once.

    runner  the `Runner`, whose student's process stands where the notebook is
    cell    of its job
    count   IPython's number for it

    ``fetched`` is what the student's names stood for; ``late`` what an alarm interrupted, if one
    did: see `Runner.limited`.
    """

    def __init__(self, runner, cell, count):
        self._runner, self._cell, self._count = runner, cell, count
        self._wall, self._theirs, self._given = runner.wall, runner.functions, runner.given
        self._shell, self._names, self._source = runner.shell, runner.shell.user_ns, cell["source"]
        self.fetched, self.late = {}, []
        self._kept = []  # what was printed before the test began to catch that
        self._gone = set()  # names of the student's that the test has deleted
        self._may_go = set()  # … that it could delete
        # what the test finds of the student's files, what lays it, what has been laid
        self._files, self._lay = {}, None
        self._writes = False  # whether it may write files
        self._context = self._doubles = None

    def play(self):
        """Run it; return (its `Outcome`, or None if it did not come to an end; its outputs)."""
        try:
            refused = self._fetch_what_it_needs()
            if self.late:
                return None, []
            outcome, shown = self._run()
            return outcome, refused + self._kept + shown
        except (WallError, TimeoutError):
            return None, []  # half a test is no test
        finally:
            for name, value in self.fetched.items():
                if self._names.get(name) is value:
                    del self._names[name]

    def called(self):
        """Which of the student's names an alarm interrupted a call to; of none, if it was none.

        The test itself may have been at work: it may be slow, too.
        """
        return called(self.late[0], self.fetched) if self.late else set()

    # -- before it

    def _fetch_what_it_needs(self):
        """Fetch the student's names that it takes; return outputs that say which cannot be."""
        runner, names, space = self._runner, self._names, self._runner.space
        wanted = space.wanted_by(self._source)
        named = frozenset(wanted)
        if asks_for_names(self._source, self._shell):
            there = {name for name in runner.there if not _OF_THE_SHELL.fullmatch(name)}
            wanted = wanted | (there - space.built_in)
        self._import(wanted - names.keys())
        # the student's process learns no name that it does not have
        wanted = sorted((wanted - space.owned - names.keys()) & runner.there)
        self.fetched.update({name: runner.bound[name] for name in wanted if name in runner.bound})
        released, refused = runner.job.source.get("released", ()), []
        self._wall.know([name for name in released if isinstance(names.get(name), EnumType)])
        if len(self.fetched) < len(wanted):
            with runner.limited() as self.late:
                refused = self._fetch(wanted, named)
        if not self.late:
            names.update(self.fetched)
        return refused

    def _import(self, wanted):
        """Import here what model answers import, where the student's process has it too."""
        imports = self._runner.space.imports
        for name in wanted & self._runner.there & imports.keys():
            with contextlib.suppress(Exception), self._runner.limited():  # else it is asked for
                theirs, here = self._wall.fetch(name), {}
                exec(imports[name], here)
                both = isinstance(theirs, type) and isinstance(here[name], type)
                # a number in place of a module is the student's answer
                if isinstance(theirs, Proxy) or both or isinstance(here[name], type(theirs)):
                    self._names[name] = here[name]

    def _fetch(self, wanted, named):
        """Fetch what is not known yet of these names.

        named  those that the test itself names
        """
        refused, before, left = [], self._wall.carried, _UNNAMED
        for name in sorted(wanted, key=lambda name: name not in named):
            if name in self.fetched:
                continue
            if name not in named:
                left -= 1
                if left < 0 or self._wall.carried - before > _UNNAMED_BYTES:
                    break
            try:
                self.fetched[name] = value = self._wall.fetch(name)
                if isinstance(value, Proxy):
                    self._runner.bound[name] = value
            except (WallError, TimeoutError):
                raise
            except NameMissing:
                pass
            except Exception as error:  # what it is cannot cross
                if name in named:
                    text = f"{name} cannot be used in a test: {error}\n"
                    refused.append(stream("stdout", text))
        return refused

    # -- the test

    def _run(self):
        runner, wall, space, source = self._runner, self._wall, self._runner.space, self._source
        runner.sources.runs = runs_texts(source, self._shell)
        words = with_helpers(used(source, self._shell), space.helpers)
        if "doctest" in sys.modules or "doctest" in words:
            refuse_doctests()
        self._context = Context(words)
        places, private = space.doubles_of(source), wall.classes.private
        self._doubles = Doubles(places, self._names, runner.there, wall.crosses, private)
        self._may_go = self.fetched.keys() | (self._names.keys() & self._cell.get("follow", ()))
        wall.before, wall.after = self._tell, self._look
        try:
            with (
                self._sharing_files(words),
                runner.sources.listed_for(source),
                self._modules(),
                runner.limited(runner.seconds_for(self.fetched)) as self.late,
                Sharing(runner, self._cell).source() as text,
                watched(runner.heard, own_texts(source, self._shell)),
            ):
                runner.sources.see(text, self._count)
                wall.exits = True
                try:
                    outcome, shown = self._shell.run(text, self._count)
                finally:
                    wall.exits = False
        finally:
            wall.before = wall.after = None
        self._tell_the_end()
        return outcome, shown

    def _tell_the_end(self):
        """The test is over, whatever the student's process says to that."""
        left = [*self._doubles.end()]
        if self._gone or self._context.told or left:
            with contextlib.suppress(Exception), self._runner.limited():
                self._theirs.without()
                self._theirs.around(self._context.end())
                for place in left:
                    self._theirs.double(*place)

    def _modules(self):
        """A context in which a test can import modules that are only the student's."""
        if not (names := self._runner.job.source.get("modules")):
            return contextlib.nullcontext()
        return imported(names, self._own_files, self._own_module)

    def _own_files(self):
        return {*self._runner.handed, *self._wall.aside(self._runner.files)}

    def _own_module(self, name):
        return self._wall.aside(self._wall.remote, name)

    # -- around its calls

    def _tell(self, values):
        """Before a call of these values: what the test has set since the last one.

        The student's functions miss a name that the test has deleted, as in nbgrader's own example
        course: ``del squares``, then see that sum_of_squares fails. They ask where the test
        answers: see `proctor.run.streams`.
        """
        wall, theirs = self._wall, self._theirs
        gone = self._may_go - self._names.keys()
        if gone != self._gone:
            self._gone = gone
            wall.aside(theirs.without, *sorted(gone))
        if streams.is_asked() != self._runner.asks:
            self._runner.asks = not self._runner.asks
            wall.aside(theirs.reads, streams.ask if self._runner.asks else None)
        if wall.news and streams.is_caught():
            self._kept += self._printed()
        if self._context.tells and (new := self._context.news()):
            wall.aside(theirs.around, new)
        if self._doubles:
            for place in self._doubles.news():
                wall.aside(theirs.double, *place)
        if self._writes and any(new := self._given.news(values)):
            wall.aside(theirs.take.__copies__, *new)
            gone = {name for name, data in new[0].items() if data is None}
            self._have({name: self._files[name] for name in self._files.keys() - gone})

    def _look(self):
        """After a call: what it has left, and has bound anew: ``global count``."""
        wall, names = self._wall, self._names
        if wall.news and streams.is_caught():
            streams.give(self._printed())
        if self._lay is not None:
            files = wall.aside(self._runner.files, self._files | self._given.files)
            files = self._given.take_back(files)
            if files != self._files:
                self._have(files, self._lay(files))
        if self._context.asks:
            self._context.heed(wall.aside(self._theirs.around, {}), wall.exception)
        for name in self.fetched.keys() & set(self._runner.job.source.get("rebound", ())):
            if names.get(name) is self.fetched[name]:
                with contextlib.suppress(NameMissing):
                    names[name] = self.fetched[name] = wall.aside(wall.fetch, name)

    def _printed(self):
        """What the student's process printed since it was last asked, in the middle of a test."""
        outputs, self._runner.there, _ = read(self._wall.aside(self._theirs.written))
        self._wall.news, self._runner.bound = False, {}
        printed = [one for one in showable(outputs) if one["output_type"] == "stream"]
        for one in printed:  # it came within JSON
            self._runner.heard.text(one["text"])
        return printed

    # -- files

    @contextlib.contextmanager
    def _sharing_files(self, words):
        """Within this, a test that reads files finds what the student's cells and calls wrote, and
        calls find what it writes."""
        self._writes, given = writes_files(words), self._given
        if not self._writes:
            yield
            return
        given.begin()
        try:
            with laid_out() if reads_files(words) else contextlib.nullcontext() as self._lay:
                if self._lay is not None:
                    files = self._runner.made_files()
                    self._have(files, self._lay(files))
                yield
        finally:
            self._lay = None
            self._have({}, ())
            guard(*given.brought.values())  # what came back stays, as in one kernel
            given.brought.clear()
            given.end()

    def _have(self, files, laid=None):
        """These are the student's files now; ``laid``: those of them that have been laid here."""
        self._files, self._given.theirs = files, files
        self._given.laid = self._given.laid if laid is None else laid


def called(asked, fetched):
    """Which of the student's names an alarm interrupted a call to; of none, if it was none.

    asked    the handle that was asked, or None if the test itself was at work: it may be slow, too
    fetched  {name: what it stood for}
    """
    handles = {name for name, value in fetched.items() if isinstance(value, Proxy)}
    called = {name for name in handles if fetched[name] is asked}
    # a method, say, of what the only one has returned
    alone = handles if len(handles) == 1 and isinstance(asked, Proxy) else set()
    return called or alone
