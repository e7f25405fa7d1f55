"""What the hidden checks of one run have found, so that one fault costs one question.

A check may draw several features of a case at once, as float32 with many images. A failure there
counts unless one of these features is wrong alone: then it has cost a point in the check of its
own. Whether it is wrong alone is asked once in a run, and the first answer counts, here as there:
code that remembers what it was asked cannot be right in the one and wrong in the other.

A run is the hidden checks of one notebook, in their order. A grader plays each in a process of its
own.
"""

import contextlib
import functools
import itertools
from dataclasses import dataclass

from .toolkit import voice


@dataclass(frozen=True)
class Features:
    """What a lesson knows of the features of a case.

    words    {feature: what a student calls it}; others are called as they are
    drawn    function of a seed and features: a case with these together, and no other
    besides  function of a set of features: further ones that must be right alone, too
    """

    words: dict
    drawn: object
    besides: object = lambda features: ()


class Run:
    """Verdicts and losses of one run.

    alone  {(task, feature): the failure of that feature alone, or None}
    lost   [(task, features)] of the combinations that have cost a point
    """

    def __init__(self):
        self.alone, self.lost = {}, []


_runs = [Run()]


@contextlib.contextmanager
def afresh():
    """What was found before is not known within, and what is found within is not known after."""
    _runs.append(Run())
    try:
        yield
    finally:
        _runs.pop()


def verdict(task, feature, ask):
    """Return the failure of a feature alone, or None; ``ask()`` is called the first time only."""
    alone = _runs[-1].alone
    if (task, feature) not in alone:
        try:
            ask()
            alone[task, feature] = None
        except voice.Failed as failure:
            alone[task, feature] = failure
    return alone[task, feature]


class Judge:
    """Judges a student's answers to a task.

    task     its name
    ask      function of cases: an iterator of the student's answers
    compare  function of that iterator and a case; raises ``Failed`` if the next answer is wrong
    own      {feature: cases of it alone}; those of a feature that is ``only`` in the dtype …
    only     function as ``compare``, for the cases of the feature "dtype" alone
    features the lesson's ``Features``
    """

    def __init__(self, task, ask, compare, own, features, only=None):
        self.task, self.ask, self.compare, self.own = task, ask, compare, own
        self.features = features
        self.only = only or compare

    def alone(self, feature):
        """Raise ``Failed`` unless the answers to a feature's own cases are right."""
        if failure := verdict(self.task, feature, functools.partial(self._ask, feature)):
            raise failure

    def _ask(self, feature):
        cases = self.own[feature]
        given = self.ask(cases)
        for case in cases:
            (self.only if feature == "dtype" else self.compare)(given, case)

    def stands(self, feature):
        """Whether a feature is right alone; one that has no cases of its own is."""
        known = feature in self.own
        return not (known and verdict(self.task, feature, functools.partial(self._ask, feature)))

    def counts(self, features):
        """Whether a failure with these features together is one that has cost nothing yet."""
        paid = any(t == self.task and f <= features for t, f in _runs[-1].lost)
        besides = self.features.besides(features)
        return not paid and all(map(self.stands, [*sorted(features), *besides]))

    @contextlib.contextmanager
    def combination(self, features):
        """A failure within, with these features together, is raised only if it counts."""
        try:
            yield
        except voice.Failed as failure:
            if not self.counts(features):
                return
            _runs[-1].lost.append((self.task, frozenset(features)))
            said = [self.features.words.get(feature, feature) for feature in sorted(features)]
            failure.cause = failure.cause or (
                f"{', '.join(said[:-1])} and {said[-1]}: each is right alone, together they are not"
            )
            raise

    def together(self, cases):
        """Raise ``Failed`` at the first case whose features are right alone and wrong together."""
        given = self.ask(cases)
        for case in cases:
            try:
                self.compare(given, case)
            except voice.Failed as failure:
                if self.counts(case.features):
                    self._raise_simplest(case, failure)

    def _raise_simplest(self, case, failure):
        """Raise the failure of two of the case's features, if two suffice; else that of all."""
        for pair in itertools.combinations(sorted(case.features), 2):
            simple = self.features.drawn(0, pair)
            if len(case.features) > 2 and simple.features == frozenset(pair):
                with self.combination(simple.features):
                    self.compare(self.ask([simple]), simple)
        with self.combination(case.features):
            raise failure
