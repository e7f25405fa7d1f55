"""The built-ins that this package was imported with.

A student may replace built-ins. A module that begins with ``__builtins__ = BUILTINS`` goes on with
these: a function takes those that its module has when it is defined.
"""

import builtins

BUILTINS = dict(vars(builtins))
