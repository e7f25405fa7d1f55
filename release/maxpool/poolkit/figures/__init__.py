"""The pictures of the lesson. Each function draws one and returns the sentence that it shows."""

from .further import *  # noqa: F403  each module lists its figures in __all__
from .ideas import *  # noqa: F403
from .jacobian import *  # noqa: F403
from .laws import *  # noqa: F403
from .layer import *  # noqa: F403
from .network import *  # noqa: F403
from .reading import *  # noqa: F403
from .windows import *  # noqa: F403
