"""Objects of a course's classes cross by what they have, and stay one object each."""

import pytest

from proctor.rpc.codec import Limits, WallError
from proctor.rpc.values import Values
from tests.proctor.test_codec import Pair


class Node:
    def __init__(self, v=None, next=None):
        self.v, self.next = v, next


class Slots:
    __slots__ = ("x", "y")


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x

    def __hash__(self):
        return hash(self.x)


class Told(str):
    pass


class Strict:
    def __new__(cls, *given):
        return object.__new__(cls)


CLASSES = [Node, Slots, Point, Told, Strict]
for one in CLASSES:
    one.__module__ = "__main__"
NAMED = {one.__name__: one for one in CLASSES}


def pair(theirs=NAMED, **limits):
    """Two ends of a wall that have these classes, each under its name."""
    here = Values(trusted=True, class_of=NAMED.get)
    return Pair(Limits(**limits), (here, Values(trusted=False, class_of=theirs.get)))


def test_an_object_is_one_wherever_it_is_held():
    a = Node(1)
    a.next = Node(2, a)
    both = pair()
    (there, again) = both.lend(a, [a.next])
    assert there.next.next is there
    assert again[0] is there.next
    assert type(there) is Node
    assert both.back(there.next)[0] is a.next


def test_what_changes_is_seen_changed_at_the_other_end():
    xs = [3, 1]
    a, both = Node(xs), pair()
    (there,) = both.lend(a)
    there.v.sort()
    there.next = Node(5, there)
    there.new = 1
    both.back(None)
    assert xs == [1, 3]
    assert (a.next.v, a.next.next, a.new) == (5, a, 1)
    del a.new
    both.lend(a)
    assert not hasattr(there, "new")
    assert there.next.next is there


def test_a_line_of_thousands_crosses():
    head = None
    for n in range(5_000):
        head = Node(n, head)
    (there,) = pair().lend(head)
    count = 0
    while there:
        there, count = there.next, count + 1
    assert count == 5_000


def test_a_student_s_own_object_arrives_once_its_class_is_known():
    both = pair()
    both.lend(Node(1))
    mine = Node([1])
    (here,) = both.back(mine)
    assert type(here) is Node
    mine.v.append(2)
    assert both.back(mine)[0] is here
    assert here.v == [1, 2]


def test_slots_cross():
    one, both = Slots(), pair()
    one.x = [1]
    (there,) = both.lend(one)
    assert there.x == [1]
    assert not hasattr(there, "y")
    there.y = 2
    del there.x
    both.back(None)
    assert one.y == 2
    assert not hasattr(one, "x")


def test_a_set_of_objects_knows_their_hashes():
    (there,) = pair().lend({Point(1), Point(2), Point(1)})
    assert sorted(p.x for p in there) == [1, 2]
    assert Point(2) in there


def test_where_the_name_has_become_something_else_the_object_has_a_class_of_its_own():
    (there,) = pair({"Node": 5}).lend(Node(1))
    assert type(there).__name__ == "Node"
    assert type(there) is not Node
    assert there.v == 1


def test_a_list_may_hold_what_holds_it_and_not_itself():
    both, xs, bad = pair(), [], []
    xs.append(Node(xs))
    (there,) = both.lend(xs)
    assert there[0].v is there
    bad.append(bad)
    with pytest.raises(ValueError, match="contains itself"):
        both.lend(Node(bad))


def test_too_many_objects_do_not_cross():
    head = None
    for _ in range(200):
        head = Node(None, head)
    with pytest.raises(ValueError, match="more than 100"):
        pair(items=100).lend(head)


HOSTILE = {
    "a class of nobody's": {"shells": [[-1, "object", "Nobody"]], "updates": [[-1, []]]},
    "no name": {"shells": [[-1, "object"]], "updates": [[-1, []]]},
    "a name that is none": {"shells": [[-1, "object", 5]], "updates": [[-1, []]]},
    "a class that makes its objects": {
        "shells": [[-1, "object", "Strict"]],
        "updates": [[-1, []]],
    },
    "a text's class": {"shells": [[-1, "object", "Told"]], "updates": [[-1, []]]},
    "nothing within": {"shells": [[-1, "object", "Node"]]},
    "a name and no value": {"shells": [[-1, "object", "Node"]], "updates": [[-1, ["v"]]]},
    "a number for a name": {"shells": [[-1, "object", "Node"]], "updates": [[-1, [1, 1]]]},
    "a name without end": {"shells": [[-1, "object", "Node"]], "updates": [[-1, ["a" * 300, 1]]]},
    "a slot that is none": {"shells": [[-1, "object", "Slots"]], "updates": [[-1, ["z", 1]]]},
    "a hash of nothing": {
        "shells": [[-1, "object", "Point"], [-2, "set"]],
        "updates": [[-2, [["@", -1]]], [-1, []]],
    },
    "a hash of a list": {
        "shells": [[-1, "object", "Point"], [-2, "set"], [-3, "list"]],
        "updates": [[-2, [["@", -1]]], [-1, ["x", ["@", -3]]], [-3, []]],
    },
    "what was not lent": {"updates": [[1, ["v", 5]]]},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_is_no_object_of_the_course_s_is_refused(what):
    both = pair()
    kept = Node(1)
    both.lend(kept)
    both.end_call()
    with pytest.raises(WallError):
        both.hostile(values=[["@", -1]] if "shells" in HOSTILE[what] else [], **HOSTILE[what])
    assert vars(kept) == {"v": 1, "next": None}
