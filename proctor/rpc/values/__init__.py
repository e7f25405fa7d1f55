"""Values of other classes than the built-in ones, as plain data, and made again from it.

A *converter* knows one class: ``to_data`` takes an object of it apart, ``from_data`` makes one of
plain data that may come from a student's process: it must doubt all of it, and run nothing of it.
Plain data is what the codec carries by itself (numbers, text, arrays, containers), and values of
other converters. An object of a subclass is none of the class: it stays where it is.

    registry    which converters there are: the built-in ones, and those of entry points
    doubt       checks of plain data
    standard    dates, times, decimals, fractions, paths, frozen dataclasses, arrays of objects
    frames      pandas
    sparse      SciPy's sparse matrices
    images      Pillow's images
    symbols     SymPy's expressions
    released    classes that cells of the course's define
    tensors     PyTorch's, and in ``flow`` TensorFlow's tensors

No library is imported for its converters: they are there once it has been imported anyway. What
crosses from the student's process are values of what the trusted end has imported, too.
"""

from proctor.rpc.values.registry import Converter, Values, warm

__all__ = ["Converter", "Values", "warm"]
