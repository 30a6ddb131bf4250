"""Rows that are good but for one or two values, for columns of every kind."""

import json
import random
from collections.abc import Iterator
from typing import Any

from clerk_tinybird_app.tinybird.project import Column

GOOD: dict[str, tuple[str, Any]] = {
    "u8": ("UInt8", 255),
    "i16": ("Int16", -32_768),
    "u32": ("UInt32", 4_294_967_295),
    "i64": ("Nullable(Int64)", -(2**63)),
    "n8": ("Nullable(UInt8)", None),
    "u64": ("UInt64", 2**63 - 1),
    "text": ("String", "x"),
    "kind": ("LowCardinality(Nullable(String))", None),
    "code": ("FixedString(2)", "ab"),
    "at": ("DateTime64(3)", "2030-01-01T00:00:00.250Z"),
    "second": ("Nullable(DateTime)", 1_800_000_000),
    "day": ("Date", "2030-01-01"),
    "price": ("Decimal(9, 2)", 12.34),
    "share": ("Float32", 0.1),
    "level": ("Enum8('low' = 1, 'high' = 2)", "low"),
    "uuid": ("UUID", "00000000-0000-0000-0000-000000000001"),
    "v4": ("IPv4", "127.0.0.1"),
    "is_new": ("Bool", True),
    "sizes": ("Array(UInt8)", [1, 2]),
    "pairs": ("Map(String, UInt8)", {"a": 1}),
    "late": ("Int8", 3),
}
"""Each column's type and a value that fits."""

COLUMNS = tuple(
    Column(name=name, type=kind, default="u8 + 1" if name == "late" else None)
    for name, (kind, _) in GOOD.items()
)
_ODD: tuple[Any, ...] = (
    *(0, -1, 127, 128, -128, -129, 255, 256, 32_767, 32_768, 65_535, 65_536, 2**31, 2**32 - 1),
    *(2**32, -(2**63) - 1, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**30, -0.0, 1.0, 1.5, 1e30),
    *(None, True, False, "", "1", "-1", "256", "x", "\u2603\ud83d\ude00", 'q"\\\n\t\0', "null"),
    *("2030-01-01", "2030-13-45", "low", "1e3", "nan", [], [1], [300], ["a"], {}, {"a": 300}),
)


def odd_rows(count: int) -> Iterator[bytes]:
    """Yield rows, always the same ones."""
    good = {name: value for name, (_, value) in GOOD.items()}
    for name in good:
        others = {other: value for other, value in good.items() if other != name}
        yield json.dumps(others).encode()
        yield json.dumps(others | {name.upper(): 300}).encode()
    chance = random.Random(1)
    for _ in range(count):
        row = dict(good)
        for name in chance.sample(sorted(row), chance.choice((0, 1, 1, 2))):
            value = chance.choice(_ODD)
            row[name if chance.randrange(4) else name.title()] = value
        line = json.dumps(row)
        if chance.randrange(10) == 0:
            twice = json.dumps({chance.choice(sorted(row)): chance.choice(_ODD)})
            line = f"{line[:-1]}, {twice[1:]}"
        yield line.encode()
