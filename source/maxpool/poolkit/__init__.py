"""The students' toolkit for the max-pooling assignment.

``spec``       max pooling as plain loops: slow, readable, the definition
``numerical``  derivatives by finite differences
``check``      the visible checks that the notebooks call
``figures``    the pictures
``explore``    pictures to play with
``tries``      warm-ups and guesses, which check themselves
``kit``        what of these knows nothing of pooling

It needs NumPy, Matplotlib and ipywidgets, and works from the folder it lies in.
"""

from . import check, figures, numerical, spec, tries

__all__ = ["check", "figures", "numerical", "spec", "tries"]
