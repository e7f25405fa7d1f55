"""What each misconception answers on the visible examples, as digests with the sentence that helps.

    python -m oracle.symptoms > source/maxpool/poolkit/symptoms.json

The students' toolkit carries the result, so that a visible check can name the mistake without
carrying a single wrong (or right) answer.
"""

import inspect
import json
import sys

from oracle import hidden
from oracle.misconceptions import known
from poolkit import check as visible
from poolkit.voice import Failed


def symptoms():
    """Return {check: {digest of what a misconception returns on the visible example: its hint}}.

    Of two misconceptions that answer alike the first one speaks.
    """
    found = {}
    for name in hidden.__all__:
        body = getattr(visible, name).body
        parameters = list(inspect.signature(body).parameters)
        for misconception in known():
            functions = [misconception.functions.get(p) for p in parameters]
            if None in functions:
                continue
            try:
                body(*functions)
            except Failed as failure:
                if failure.got is not None and not failure.certain:
                    hints = found.setdefault(name, {})
                    hints.setdefault(failure.fingerprint(), misconception.hint)
    return found


if __name__ == "__main__":
    json.dump(symptoms(), sys.stdout, indent=1, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")
