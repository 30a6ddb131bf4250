"""Where a package is, and the modules that it imports from elsewhere, without running any."""

import ast
import sysconfig
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_INSTALLED: Final = frozenset(("site-packages", "dist-packages"))
_INIT: Final = "__init__"
_BESIDE: Final = (".jsx", ".js", ".css")
"""What a module may give to the pages, when it lies beside it."""


def helpers(package: str, but: str) -> dict[str, Path]:
    """Return path -> file of the modules that ``package`` uses, and that they use in their turn.

    What is installed is left out: it has a version. What is imported by a computed name is not
    seen.

    Args:
        package: The dotted name of a package, whose own modules are left out too.
        but: The name of another package to leave out.
    """
    files: dict[str, Path] = {}
    waiting, seen, left_out = [package, *_modules_of(package)], set[str](), {but}
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] in left_out:
            continue
        seen.add(name)
        spec = _spec(name)
        if spec is None or _is_installed(spec):
            # What is below it is installed with it.
            left_out.add(name)
            continue
        if not spec.has_location or not (spec.origin or "").endswith(".py"):
            continue
        file = Path(spec.origin or "")
        around = name if file.stem == _INIT else name.rpartition(".")[0]
        waiting += _imported(file, around)
        if not f"{name}.".startswith(f"{package}."):
            folder = Path(*around.split("."))
            files |= {(folder / each.name).as_posix(): each for each in _with_scripts(file)}
    return files


def places(package: str) -> list[Path]:
    """Return the folders of a package, none when it is not there."""
    spec = _spec(package)
    return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]


def _modules_of(package: str) -> Iterator[str]:
    for place in places(package):
        for file in place.rglob("*.py"):
            inside = file.relative_to(place).with_suffix("").parts
            yield ".".join((package, *inside)).removesuffix(f".{_INIT}")


def _with_scripts(module: Path) -> Iterator[Path]:
    yield module
    yield from (each for each in module.parent.iterdir() if each.suffix in _BESIDE)


def _imported(file: Path, package: str) -> Iterator[str]:
    """Yield what may be modules of all that a file imports, with the packages around them."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        # The build says so.
        return
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            words = package.split(".")
            around = words[: len(words) - node.level + 1] if node.level else []
            base = ".".join([*around, *filter(None, [node.module])])
            names = [f"{base}.{each.name}" for each in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _spec(name: str) -> ModuleSpec | None:
    """Find a module without importing the packages around it."""
    around, _, _ = name.rpartition(".")
    try:
        if not around:
            return find_spec(name)
        parent = _spec(around)
        places = parent.submodule_search_locations if parent else None
        return PathFinder.find_spec(name, list(places)) if places else None
    except (ImportError, ValueError):
        return None


def _is_installed(spec: ModuleSpec) -> bool:
    if not spec.has_location:
        # A package without a file of its own, or built in.
        return spec.submodule_search_locations is None
    file = Path(spec.origin or "")
    library = Path(sysconfig.get_path("stdlib"))
    return file.is_relative_to(library) or bool(_INSTALLED.intersection(file.parts))
