"""A product with a mistake is refused at start, with the place of the mistake."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clerk_tinybird_app import products
from clerk_tinybird_app.products import ProductError
from clerk_tinybird_app.settings import Settings
from tests.conftest import CHOICE

Load = Callable[..., None]
NAME = "own_product"


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Loads the tests' product, changed by what is added to one of its modules."""
    folder = tmp_path / NAME
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def loaded(**added: str) -> None:
        for module in ("policy", "dashboard", "words"):
            text = f"from tests.product.{module} import *\n{added.get(module, '')}"
            folder.joinpath(f"{module}.py").write_text(text)
        products.load(Settings.from_environ(CHOICE | {"APP_PRODUCT": NAME}))

    yield loaded
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_a_product_that_goes_together_is_loaded(load: Load) -> None:
    load()


def test_an_event_for_no_data_source_is_told_with_those_that_there_are(load: Load) -> None:
    with pytest.raises(ProductError, match=r"words: EVENT_SOURCE is 'job', .*: jobs\."):
        load(words="EVENT_SOURCE = 'job'")


def test_a_field_of_the_event_that_no_column_reads_is_told_with_the_nearest(load: Load) -> None:
    with pytest.raises(ProductError, match=r"EVENT has 'queu', .* Did you mean 'queue'\?"):
        load(words="EVENT = {**EVENT, 'queu': 'mail'}")


def test_a_policy_that_does_not_fix_the_tenant_is_told_with_its_module(load: Load) -> None:
    wrong = "def scopes(session):\n    yield Scope('queues', {'who': session.user_id})"
    with pytest.raises(ProductError, match=rf"{NAME}\.policy: .*'queues' does not fix account_id"):
        load(policy=wrong)
