"""The visible checks, one for each property of each task, named as the test cells are.

``check.output_size_remainder(output_size)`` is the visible half of the cell
``test_output_size_remainder``: an example that you can do in your head. The hidden half looks at
the same property on other inputs.
"""

from . import _causes  # noqa: F401  it explains errors

# each chapter's module lists its checks in __all__
from .jacobian import *  # noqa: F403
from .laws import *  # noqa: F403
from .layer import *  # noqa: F403
from .network import *  # noqa: F403
from .windows import *  # noqa: F403
