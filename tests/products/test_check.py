"""``make check`` finds nothing to say against what is shipped."""

import os
import subprocess
import sys
from pathlib import Path

from tests.products.product import CHOICES, ROOT, Shipped


def test_the_product_passes_the_check_against_the_tinybird_that_serves_it(
    served: Shipped, tmp_path: Path
) -> None:
    project = {"TINYBIRD_PROJECT": str(served.product.project.absolute())}
    here = {"TB_LOCAL_PORT": str(served.tinybird.port), "PYTHONPATH": str(ROOT)}

    checked = subprocess.run(
        [sys.executable, "-m", "clerk_tinybird_app", "check"],
        cwd=tmp_path, env=os.environ | CHOICES[served.name] | project | here,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "warning" not in checked.stdout
