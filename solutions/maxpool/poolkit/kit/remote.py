"""Protocol of a grader's proxies: what is asked of a function that lives in another process.

A grader that keeps students' code apart gives a check, in place of a student's function, a proxy:
calling it calls the function there. Its type may have these methods. A function that lives in
this process has none of them, and is just called.

``__remote__("module:name")``  a proxy of that function, imported in the student's process
``__copies__(*args)``          call with copies of plain data, for a copy of plain data (optional)
``__spent__()``                seconds of processor time of the student's processes (optional)
``__described__()``            what it is, in a few words, as "a Layer" (optional: else its repr)
"""


def is_remote(value):
    """Whether something lives in another process."""
    return hasattr(type(value), "__remote__")


def where_it_lives(function, mine):
    """``mine``, a function of this package, in the process where a student's function lives."""
    if not is_remote(function):
        return mine
    return function.__remote__(f"{mine.__module__}:{mine.__name__}")


def with_copies(function):
    """A remote function that is called with copies, if it can be."""
    return getattr(function, "__copies__", function)


def processor_time(function):
    """A function that gives the seconds that the processes of a remote function have used; None of
    a function that lives here: nothing stands between it and a count."""
    return getattr(function, "__spent__", None)


def described(value):
    """What something is that lives in another process, in words; of anything else None.

    Data crosses. So what is called an array there is one that holds no numbers, or hides some.
    """
    if not is_remote(value):
        return None
    return getattr(type(value), "__described__", repr)(value)
