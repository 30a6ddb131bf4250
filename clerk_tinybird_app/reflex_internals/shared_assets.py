"""Files beside a module of components, for which Reflex need not read the whole stack.

``rx.asset`` finds the module that calls it with ``inspect.stack``, which reads the source of each
frame on the way. For all files of this app that took nearly half of the time to import its pages.
"""

import inspect
import sys
from types import FrameType, ModuleType

import reflex as rx
from reflex import assets


class _OneFrame:
    """What ``rx.asset`` asks of ``inspect``, answered with a caller that is known."""

    def __init__(self, caller: FrameType) -> None:
        self._caller = caller

    def stack(self) -> list[inspect.FrameInfo]:
        """Return the caller as the whole stack."""
        code, line = self._caller.f_code, self._caller.f_lineno
        return [inspect.FrameInfo(self._caller, code.co_filename, line, code.co_name, None, None)]

    def getmodule(self, frame: FrameType) -> ModuleType:
        """Return the module that a frame runs."""
        return sys.modules[frame.f_globals["__name__"]]


def shared_asset(path: str) -> assets.AssetPathStr:
    """Do as ``rx.asset(path, shared=True)`` does, for the module that calls this.

    Only a module that is imported calls it: no other thread may look for an asset meanwhile.
    """
    usual = assets.inspect  # type: ignore[attr-defined]
    assets.inspect = _OneFrame(sys._getframe(1))  # type: ignore[assignment, attr-defined]
    try:
        return rx.asset(path, shared=True, _stack_level=0)
    finally:
        assets.inspect = usual  # type: ignore[attr-defined]
