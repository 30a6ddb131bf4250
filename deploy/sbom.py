"""Writes the bill of materials of the frontend's packages: ``make sbom`` runs it.

Those of Python come from CycloneDX's own command, which knows no ``bun.lock``.
"""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

LOCK: Final = Path("reflex.lock/bun.lock")
_HASH: Final = "sha512-"
# The lock has commas after the last item, which bun reads and Python does not.
_READ: Final = (
    "console.log(JSON.stringify(Bun.JSONC.parse(await Bun.file(process.argv[1]).text())))"
)


class Package(NamedTuple):
    """One package of the lock; the hash is hexadecimal, "" for one of no registry."""

    name: str
    version: str
    sha512: str


def packages(lock: Path, bun: str) -> list[Package]:
    """Return the packages of a ``bun.lock``, each version once."""
    command = [bun, "-e", _READ, str(lock.resolve())]
    read = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found: set[Package] = set()
    for name_and_version, *rest in json.loads(read.stdout)["packages"].values():
        name, _, version = name_and_version.rpartition("@")
        integrity = str(rest[-1]) if rest else ""
        digest = integrity.removeprefix(_HASH) if integrity.startswith(_HASH) else ""
        found.add(Package(name, version, base64.b64decode(digest).hex()))
    return sorted(found)


def bill(of: list[Package]) -> str:
    """Return the bill of materials as CycloneDX's JSON, checked against its schema."""
    # Only `make sbom` has them.
    from cyclonedx.model import HashAlgorithm, HashType  # noqa: PLC0415
    from cyclonedx.model.bom import Bom  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    def component(package: Package) -> Any:
        group, _, name = package.name.rpartition("/")
        hashes = [HashType(alg=HashAlgorithm.SHA_512, content=package.sha512)]
        purl = PackageURL("npm", group or None, name, package.version)
        return Component(
            type=ComponentType.LIBRARY, group=group or None, name=name, version=package.version,
            purl=purl, bom_ref=str(purl), hashes=hashes if package.sha512 else (),
        )  # fmt: skip

    text: str = JsonV1Dot6(Bom(components=map(component, of))).output_as_string(indent=2)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise SystemExit(f"The bill of materials does not follow its schema: {wrong}")
    return text


def main() -> None:
    """Write the bill of the lock to a file: ``python deploy/sbom.py BUN FILE``."""
    bun, file = sys.argv[1:]
    Path(file).write_text(bill(packages(LOCK, bun)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
