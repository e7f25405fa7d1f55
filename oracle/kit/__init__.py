"""Kit: what the hidden checks and misconceptions of any lesson on array code are made of.

Nothing in it knows the lesson: the oracle of another assignment holds a copy of this folder, with
its own toolkit's name in ``toolkit``.

``hidden``    what makes a function a hidden check, and who answers as a known mistake does
``run``       one fault costs one question: what the checks of one run have found
``spending``  what a call costs, seen from outside
``registry``  how a misconception is written down
``symptoms``  what each of them answers on the visible examples
"""
