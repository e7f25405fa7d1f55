"""People: who in a learning system is which student of the class; never by a name alone."""

import collections
import functools
import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Person: a student's id here, and the texts by which a learning system may know the same one.

    keys  the id itself, the learning system's id, the address
    name  (first, last) as far as the gradebook has them
    """

    id: str
    keys: tuple
    name: tuple = ()


@dataclass(frozen=True)
class Listed:
    """Listed: a person on a learning system's list.

    keys   texts by which it knows the person; never a name
    name   (first, last), or the whole name alone
    group  the group's name, if the list says it
    time   when it was handed in, as the list writes it
    word   what the system calls everybody whose name it keeps back
    """

    keys: tuple
    name: tuple = ()
    group: str = ""
    time: str = ""
    word: str = ""


class Known:
    """Known: finds the students of texts that a learning system has for them.

    people  `Person`s of the class
    listed  `Listed` rows of a list from that system
    """

    def __init__(self, people, listed=()):
        self.people = {person.id: person for person in people}
        self.listed = listed
        self._ids = collections.defaultdict(set)
        for person in people:
            for key in filter(None, person.keys):
                self._ids[folded(key)].add(person.id)
        self._rows = collections.defaultdict(list)
        for row in listed:
            for key in row.keys:
                self._rows[folded(key)].append(row)

    def students(self, keys):
        """The ids of whoever has one of the keys."""
        found = set()
        for key in map(folded, keys):
            for row in self._rows.get(key, ()):
                found |= set().union(*(self._ids.get(folded(k), ()) for k in row.keys))
            found |= {one for one in self._ids.get(key, ()) if not self._has_another(one, key)}
        return found

    def _has_another(self, student, key):
        """Whether a number is this student's here, and the system has another for the student."""
        own, theirs = (folded(k or "") for k in (*self.people[student].keys, "")[:2])
        return key == own and key.isdigit() and theirs.isdigit() and theirs != key

    def rows(self, keys):
        """The `Listed` rows that have one of the keys."""
        return [row for key in map(folded, keys) for row in self._rows.get(key, ())]

    def has_name(self, student, entry):
        """Whether the name of an `Entry` is this student's; None where nobody can say."""
        person, rows = self.people[student], self.rows(entry.keys)
        names = [one for one in (person.name, *(row.name for row in rows)) if any(one)]
        kept_back = any(row.word and letters(row.word) == letters(entry.name) for row in rows)
        if kept_back or not entry.name or not names:
            return None
        if entry.name.isascii() and not any(letters("".join(one)).isascii() for one in names):
            return None  # another script: how a system writes it in ASCII is not known
        if any(same_name(one, entry.name) for one in names):
            return True
        partly = [one for one in names if not all(one)]  # one part of it is all that is known
        within = any(letters("".join(one)) in letters(entry.name) for one in partly)
        return None if within else False

    def named(self, name):
        """The ids of everybody of this name, by the class and by the list."""
        return set().union(*(self._names.get(form, ()) for form in _forms(name)))

    @functools.cached_property
    def _names(self):
        """{name, as it may be written: ids}."""
        found = collections.defaultdict(set)
        whose = [(one.name, {one.id}) for one in self.people.values()]
        for parts, ids in (*whose, *((row.name, self.students(row.keys)) for row in self.listed)):
            for form in _orders(parts):
                found[form] |= ids
        return found


def folded(text):
    """A key without what differs between two spellings of it."""
    return text.strip().casefold()


def same_name(parts, text):
    """Whether a text is these parts of a name, in one order or the other."""
    return bool(_forms(text) & _orders(parts))


def _orders(parts):
    """The forms of a name, whichever part comes first."""
    return _forms("".join(parts)) | _forms("".join(reversed(parts)))


def letters(text):
    """The letters and digits of a text, without accents and capitals."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return re.sub(r"[\W_]", "", "".join(c for c in plain if not unicodedata.combining(c)))


# as systems write letters that ASCII has not, where they drop no accents: ä is a, or ae
_LONG = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
_SHORT = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "þ": "th"})


def _forms(text):
    text = unicodedata.normalize("NFC", text).casefold()
    return {letters(one) for one in (text, text.translate(_LONG), text.translate(_SHORT))} - {""}
