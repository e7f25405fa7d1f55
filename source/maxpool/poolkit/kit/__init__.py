"""Kit: what the checks, pictures and explorers of any lesson on array code are made of.

Nothing in it knows the lesson: a toolkit of another assignment holds a copy of this folder.

``voice``          how a check speaks, and how answers are compared
``visible``        what makes a function a visible check
``laws``           linear, adjoint, conserved, as measured, vectorised
``cases``          many calls at once, where a student's functions live
``remote``         the protocol of a grader's proxies
``specification``  functions to compare with that are no answer
``operations``     counts what Python does in a function
``numerical``      derivatives by finite differences
``colours``        the palette and the symbols of both kinds of pictures
``svg``            pictures that are made in a millisecond
``figure``         Matplotlib's
``pictures``       an answer beside the right one
``explorer``       pictures to play with
``guess``          predictions, kept and compared
"""
