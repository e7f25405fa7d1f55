"""What each misconception answers on the visible examples, as digests with the sentence that helps.

    python -m oracle.kit.symptoms > source/…/symptoms.json

The students' toolkit carries the result, so that a visible check can name the mistake without
carrying a single wrong (or right) answer.
"""

import importlib
import inspect
import json
import sys

from .toolkit import voice


def symptoms(visible, names, known, slips=()):
    """Return {check: {digest of what a misconception returns on the visible example: its hint}}.

    visible  module of the visible checks
    names    of these
    known    the misconceptions; of two that answer alike the first one speaks
    slips    wrong answers that speak only at the checks that are written down of them
    """
    found = {}
    for name in names:
        body = getattr(visible, name).body
        parameters = list(inspect.signature(body).parameters)
        for misconception in (*known, *(slip for slip in slips if name in slip.loses)):
            functions = [misconception.functions.get(p) for p in parameters]
            if None in functions:
                continue
            try:
                body(*functions)
            except voice.Failed as failure:
                if failure.got is not None and not failure.certain:
                    hints = found.setdefault(name, {})
                    hints.setdefault(failure.fingerprint(), misconception.hint)
    return found


def of_this_course():
    """The ``symptoms`` of the checks and misconceptions beside this kit."""
    toolkit, here = voice.__name__.partition(".")[0], __package__.partition(".")[0]
    visible = importlib.import_module(f"{toolkit}.check")
    names = importlib.import_module(f"{here}.hidden").__all__
    wrong = importlib.import_module(f"{here}.misconceptions")
    slips = getattr(wrong, "slips", tuple)()
    return symptoms(visible, names, wrong.known(), slips)


if __name__ == "__main__":
    json.dump(of_this_course(), sys.stdout, indent=1, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")
