"""No attacks: what students get wrong every day."""

from ..attack import NONE, but, family, notebook, right, without

add = family("Mistakes")

add("blank", "Nothing is done at all.", notebook(lambda book: None, answers=None), NONE)
add(
    "raises-in-its-second-line",
    "An attribute that is not there; the student is shown the line.",
    right(total="def total(x):\n    return x.nothing_like_it"),
    without("total"),
)
add(
    "does-not-compile",
    "A bracket is missing.",
    right(total="def total(x:\n    return x.sum()"),
    without("total"),
)
add(
    "is-wrong",
    "The mean in place of the sum.",
    right(total="def total(x):\n    return x.mean()"),
    without("total"),
)
add(
    "uses-a-name-of-its-own-module",
    "An import that is not there.",
    right(middle="from my_other_file import median\n\nmiddle = median"),
    but(test_middle=0.0),
)
