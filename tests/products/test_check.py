"""``make check`` finds nothing to say against what is shipped, with the rows of ``make run``."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.tinybird.process import Tinybird
from tests.products.product import CHOICES, ROOT, shipped


@pytest.mark.parametrize("name", CHOICES)
def test_the_product_passes_the_check(name: str, tmp_path: Path) -> None:
    product = shipped(name)
    with Tinybird(product.project, tmp_path / "data", "--product", product.package) as running:
        here = {
            **CHOICES[name],
            "TINYBIRD_PROJECT": str(product.project.absolute()),
            "TB_LOCAL_PORT": str(running.port),
            "PYTHONPATH": str(ROOT),
        }
        checked = subprocess.run(
            [sys.executable, "-m", "clerk_tinybird_app", "check"],
            cwd=tmp_path, env=os.environ | here,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "warning" not in checked.stdout
