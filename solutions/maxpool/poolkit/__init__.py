"""The students' toolkit for the max-pooling assignment.

``spec``       max pooling as plain loops: slow, readable, the definition
``numerical``  derivatives by finite differences
``check``      the visible checks that the notebooks call
``figures``    the pictures
``explore``    pictures to play with
``guess``      predictions to make before a cell runs
``layers``     backward passes with a fault each, for the laws of chapter 3
``tries``      warm-ups, which check themselves
``kit``        what of these knows nothing of pooling

It needs NumPy, Matplotlib and ipywidgets, and works from the folder it lies in.
"""

from . import check, figures, guess, layers, numerical, spec, tries

__all__ = ["check", "figures", "guess", "layers", "numerical", "spec", "tries"]
