"""The rehearsal of the image: what a program sees and may do in a root of its own."""

import subprocess
from pathlib import Path

import pytest

from tests import sandbox

pytestmark = pytest.mark.skipif(not sandbox.can_be_made(), reason="it needs root, on Linux")

LOOKS = """
id -u; id -g
cat Dockerfile
for place in /app/new /usr/new /new /tmp/new; do touch $place 2>/dev/null && echo $place; done
ls /root
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "app").mkdir(parents=True)
    (folder / "app/Dockerfile").write_text("of the image\n")
    return folder


def said(root: Path, user: str, *, read_only: bool) -> list[str]:
    command = sandbox.command(root, ["sh", "-c", LOOKS], user=user, read_only=read_only)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_the_images_user_can_write_below_tmp_alone_and_sees_nothing_of_this_machines_home(
    root: Path,
) -> None:
    told = said(root, "10001:10001", read_only=True)

    assert told == ["10001", "10001", "of the image", "/tmp/new"]
    assert not (root / "tmp/new").exists()


def test_its_root_can_write_in_the_image_and_not_in_this_machine(root: Path) -> None:
    told = said(root, "0:0", read_only=False)

    assert told == ["0", "0", "of the image", "/app/new", "/new", "/tmp/new"]
    assert (root / "app/new").exists()
    assert not Path("/usr/new").exists()
    assert not Path("/new").exists()
