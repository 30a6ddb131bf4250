"""Imports have one direction, and only one module starts the embedded services."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "clerk_tinybird_app"
NAME = PACKAGE.name

# What each part may import of this package; a part may always import itself.
ALLOWED = {
    "clerk": set(),
    "tinybird": {"clerk", "sealing", "shared_redis", "frozen_value"},
    "sealing": set(),
    "background": set(),
    "shared_redis": {"sealing"},
    "frozen_value": set(),
    "routes": set(),
    "settings": {"clerk", "routes"},
    "own_clock": {"clerk", "settings"},
    "logs": set(),
    "telemetry": {"logs"},
    "sample": {"tinybird"},
    "local": {
        *("clerk", "tinybird", "settings", "routes", "sample", "products"),
        *("bun", "serving", "logs", "background"),
    },
    "product": {"clerk", "tinybird", "dashboard", "sample"},
    "products": {"settings", "tinybird", "dashboard", "sample"},
    "services": {
        *("products", "clerk", "tinybird", "local", "settings", "routes", "own_clock"),
        *("logs", "telemetry", "shared_redis", "sealing"),
    },
    "check": {
        *("products", "services", "settings", "clerk", "tinybird", "dashboard"),
        *("own_clock", "logs", "sample", "routes", "telemetry"),
    },
    "__main__": {"commands"},
    "commands": {"check", "logs", "prebuilt", "reflex_internals", "services", "settings"},
    "bun": set(),
    "prebuilt": {
        *("bun", "logs", "reflex_internals", "settings", "clerk_tinybird_app", "telemetry"),
        *("background", "serving", "api"),
    },
    "api": {
        *("services", "clerk", "tinybird", "routes", "settings", "serving", "__init__"),
        *("logs", "telemetry", "shared_redis"),
    },
    "dashboard": {"routes", "tinybird", "frozen_value"},
    "reflex_internals": {
        *("logs", "background", "settings", "routes", "serving", "services", "telemetry"),
        *("shared_redis", "sealing"),
    },
    "state": {
        "products",
        "services",
        "clerk",
        "tinybird",
        "dashboard",
        "routes",
        "reflex_internals",
        "frozen_value",
        "logs",
        "telemetry",
    },
    "components": {
        *("products", "state", "clerk", "tinybird", "services", "dashboard", "routes"),
        "reflex_internals",
    },
    "pages": {
        *("components", "products", "state", "clerk", "tinybird", "services", "dashboard"),
        "routes",
    },
    "serving": {"settings", "clerk", "routes", "logs", "telemetry"},
}
# The rooms of the embedded Tinybird, the upper floors first: each imports only from floors below.
TINYBIRD = f"{NAME}.local.tinybird"
FLOORS = (
    {"__init__", "__main__"},
    {"process"},
    {"app"},
    {"routes", "demo"},
    {"service"},
    {"queries"},
    {"workspaces", "intake"},
    {"project"},
    {"engine", "access"},
    {"errors"},
)
REACT_COMPONENTS = PACKAGE / "clerk" / "components.py"


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == NAME:
            yield from (f"{NAME}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _part(dotted: str) -> str:
    words = dotted.split(".")
    return words[1] if len(words) > 1 and words[1] != "__version__" else "__init__"


def _files(part: str) -> list[Path]:
    folder = PACKAGE / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def test_every_part_imports_only_what_stands_below_it() -> None:
    against = [
        f"{file.relative_to(PACKAGE)} imports {dotted}"
        for part, allowed in ALLOWED.items()
        for file in _files(part)
        for dotted in _imports(file)
        if dotted.split(".")[0] == NAME and _part(dotted) not in allowed | {part}
    ]

    assert against == []


def test_the_embedded_tinybirds_rooms_import_only_what_stands_below_them() -> None:
    floors = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    folder = PACKAGE / "local" / "tinybird"
    against = []
    for file in sorted(folder.rglob("*.py")):
        room = file.relative_to(folder).parts[0].removesuffix(".py")
        for dotted in _imports(file):
            if dotted == TINYBIRD or dotted.startswith(f"{TINYBIRD}."):
                other = (dotted.split(".")[3:] or ["__init__"])[0]
                if other != room and floors[other] <= floors[room]:
                    against.append(f"{file.relative_to(folder)} imports {dotted}")

    assert against == []


def test_every_room_of_the_embedded_tinybird_says_what_lives_there() -> None:
    rooms = [path for path in (PACKAGE / "local" / "tinybird").iterdir() if path.is_dir()]
    told = {
        room.name: ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
        for room in rooms
        if room.name != "__pycache__"
    }

    assert set(told) <= set().union(*FLOORS)
    assert [name for name, line in told.items() if not line or "\n" in line] == []


def test_the_pure_core_knows_no_reflex() -> None:
    pure = (
        *("check", "clerk", "tinybird", "dashboard", "local", "sample"),
        *("settings", "services", "api", "logs", "serving", "telemetry"),
    )
    against = [
        f"{file.relative_to(PACKAGE)} imports {dotted}"
        for part in pure
        for file in _files(part)
        if file != REACT_COMPONENTS
        for dotted in _imports(file)
        if dotted.split(".")[0] in ("reflex", "reflex_base")
    ]

    assert against == []


def test_only_one_folder_rests_on_reflexs_insides() -> None:
    inside = PACKAGE / "reflex_internals"
    python = [
        f"{file.relative_to(PACKAGE)} imports {dotted}"
        for file in PACKAGE.rglob("*.py")
        if not file.is_relative_to(inside)
        for dotted in _imports(file)
        if dotted.startswith(("reflex.", "reflex_base"))
    ]
    pages = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.jsx")
        if not file.is_relative_to(inside) and '"$/' in file.read_text(encoding="utf-8")
    ]

    assert python == []
    assert pages == []
