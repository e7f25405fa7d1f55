"""What an object of the student's was given: a later call of it may change that, as in one process.

``bus = Bus([2, 3])``, then ``bus.shrink()``: the list that the test made is the bus's, too. What
comes of a call may hold what was passed to it, and an object what one of its methods was passed;
a plain function of the student's that a test knows by its name is lent nothing again.
"""

from proctor.rpc.codec.own import BUILTINS

__builtins__ = BUILTINS

from proctor.rpc.proxies import FunctionProxy, isinstance_of_proxy, loan_of, with_loan

MOST = 24  # of one object: what was passed to it last


def lent_again(holder):
    """Numbers of what ``holder``, if it is a proxy, was given before."""
    return set(loan_of(holder) or ()) if isinstance_of_proxy(holder) else set()


def named(value, name, loans):
    """Note of an object that a student's cell made what was given to it whenever it was fetched.

    loans  {name: what the object of that name was given}, kept by the caller
    """
    if isinstance_of_proxy(value) and not issubclass(type(value), FunctionProxy):
        with_loan(value, loans.setdefault(name, {}))


def note(holder, made, numbers):
    """Note what was lent to a call of ``holder``, and which proxies came of it.

    holder   what was asked; a name that was fetched is nobody's
    numbers  of what was lent
    """
    if not isinstance_of_proxy(holder):
        return
    loan = loan_of(holder)
    if loan is None:
        if not made:
            return
        loan = {}
    for number in sorted(n for n in numbers - loan.keys() if n > 0):  # their own they may move
        loan[number] = True
    for number in list(loan)[: max(0, len(loan) - MOST)]:
        del loan[number]
    for proxy in made:
        if loan_of(proxy) is None:
            with_loan(proxy, loan)
