"""Each shipped product, served by an embedded Tinybird without rows at first."""

from collections.abc import Iterator

import pytest

from tests.local.tinybird.process import Tinybird
from tests.products.product import CHOICES, Shipped, shipped


@pytest.fixture(params=CHOICES, scope="session")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shipped]:
    product = shipped(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    with Tinybird(product.project, folder / "data") as running:
        yield Shipped(request.param, product, running)
