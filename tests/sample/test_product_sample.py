"""A product need not have a sample: then there are no made-up rows and no button for them."""

from pathlib import Path

import pytest

from clerk_tinybird_app import products, services
from clerk_tinybird_app.local.tinybird.process.embedded import TinybirdUnavailable
from clerk_tinybird_app.products import ProductError
from clerk_tinybird_app.settings import Settings
from tests.conftest import CHOICE
from tests.test_settings import TINYBIRD

WHOLE = """
from clerk_tinybird_app.sample.vocabulary import Moment, Sample
SAMPLE = Sample(source="letters", columns={"at": Moment()})
"""


def product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sample: str | None
) -> Settings:
    """Write a product that is like the tests' own but for its sample; each has another name."""
    folder = tmp_path / name
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    for module in ("policy", "dashboard", "words"):
        other = f"from tests.product.{module} import *\n"
        folder.joinpath(f"{module}.py").write_text(other)
    if sample is not None:
        folder.joinpath("sample.py").write_text(sample)
    monkeypatch.syspath_prepend(tmp_path)
    return Settings.from_environ(CHOICE | {"APP_PRODUCT": name})


def test_a_products_sample_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample = products.load(product(tmp_path, monkeypatch, "with_sample", WHOLE)).sample
    assert sample is not None
    assert sample.source == "letters"


@pytest.mark.anyio
async def test_a_product_without_a_sample_offers_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = product(tmp_path, monkeypatch, "without_sample", None)
    built = services.build(settings, folder=tmp_path / "local")
    assert built.product.sample is None
    assert not built.has_sample_traffic
    with pytest.raises(TinybirdUnavailable, match=r"no sample\.py"):
        await built.add_sample_traffic("org_new", "user_new")
    await built.close()


def test_sample_traffic_is_offered_with_the_embedded_tinybird_alone(tmp_path: Path) -> None:
    assert services.build(Settings.from_environ(CHOICE), folder=tmp_path).has_sample_traffic
    real = services.build(Settings.from_environ(CHOICE | TINYBIRD), folder=tmp_path / "other")
    assert not real.has_sample_traffic


@pytest.mark.parametrize(
    ("name", "sample", "why"),
    [
        ("empty_sample", "", "empty_sample.sample must define SAMPLE"),
        (
            "faulty_sample",
            WHOLE.replace("Moment()", "1"),
            "faulty_sample.sample: One column, and only one, must be a Moment",
        ),
    ],
)
def test_a_sample_that_cannot_be_used_is_named_at_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sample: str, why: str
) -> None:
    with pytest.raises(ProductError, match=why):
        products.load(product(tmp_path, monkeypatch, name, sample))


def test_a_faulty_import_of_a_sample_is_shown_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = product(tmp_path, monkeypatch, "importing_sample", "import not_there_at_all\n")
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all"):
        products.load(settings)
