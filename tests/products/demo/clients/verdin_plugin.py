"""A pytest plugin for verdin's own suite: Tinybird is not started in a container, but is there."""

import os
from typing import Any

from verdin.test import container

_make = container.TinybirdLocalContainer.__init__


def _make_there(self: Any, cwd: str | None = None) -> None:
    _make(self, cwd)
    self.url = f"http://localhost:{os.environ['TB_LOCAL_PORT']}"


def _leave(_: Any) -> None:
    """Whoever starts it ends it."""


container.TinybirdLocalContainer.__init__ = _make_there
container.TinybirdLocalContainer.start = _leave
container.TinybirdLocalContainer.stop = _leave
