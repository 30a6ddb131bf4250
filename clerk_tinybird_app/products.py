"""The product that this app is about: a package of its own, chosen by ``APP_PRODUCT``."""

import importlib
import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn, TypeVar, cast

from clerk_tinybird_app.dashboard import check
from clerk_tinybird_app.dashboard.declaration import Dashboard
from clerk_tinybird_app.dashboard.mistake import line_of
from clerk_tinybird_app.sample.vocabulary import Sample, SampleError
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.tinybird.nearest import did_you_mean
from clerk_tinybird_app.tinybird.policy import Policy, PolicyError
from clerk_tinybird_app.tinybird.project import Column, Project, read_project

_Part = TypeVar("_Part")


class ProductError(SettingsError):
    """The product's package cannot be used; the text names the module and what it lacks."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a product's ``words.py`` says, each by its name there in capitals.

    Attributes:
        name: The product's.
        tagline: What it is, in one line.
        welcome: What it is, in a few lines, to a visitor.
        invitation: What signing in would show.
        empty_title: What a tenant without rows reads first.
        empty_text: What will be there, once it has some.
        event_source: The data source that a first event goes to.
        event: One event, as a developer sends it.
    """

    name: str
    tagline: str
    welcome: str
    invitation: str
    empty_title: str
    empty_text: str
    event_source: str
    event: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Product:
    """One product, loaded and checked.

    Attributes:
        package: The package's name.
        policy: Who may read what.
        dashboard: What a tenant sees.
        words: What it is called, and what its customers read.
        sample: What the embedded Tinybird makes up; None: it starts empty.
        project: The folder of its Tinybird project.
    """

    package: str
    policy: Policy
    dashboard: Dashboard
    words: Words
    sample: Sample | None
    project: Path


_NO_DASHBOARD: Final = Dashboard(title="", panels=(), newest="")
_NO_WORDS: Final = Words(**{item.name: cast("Any", "") for item in fields(Words)})
"""Stand for what cannot be loaded, so that the rest of a product can be judged."""


def load(settings: Settings) -> Product:
    """Return the product that ``settings`` choose.

    Raises:
        ProductError: Its package, one of its modules or one of their names is not there, its
            policy does not keep tenants apart, or its dashboard or event names what its project
            does not have.
    """
    product = assemble(settings, _refuse)
    try:
        files = check.Files(read_project(product.project), product.policy.fixed)
    except PolicyError as error:
        raise ProductError(f"{product.package}.policy: {error}") from None
    if found := list(mistakes(product, files)):
        raise ProductError("\n".join(found))
    return product


def assemble(settings: Settings, tell: Callable[[Exception], None]) -> Product:
    """Return the product that ``settings`` choose, whether its parts go together or not.

    Args:
        settings: The configuration.
        tell: Gets why a part beside the policy cannot be loaded; if it returns, the product has
            nothing in its place.

    Raises:
        ProductError: Its package, its policy or one of the policy's names is not there.
    """
    package = settings.app_product

    def part(loaded: Callable[[str], _Part], nothing: _Part) -> _Part:
        try:
            return loaded(package)
        except Exception as error:  # noqa: BLE001 - whatever a product's code raises is told
            tell(error)
            return nothing

    return Product(
        package=package,
        policy=_policy(package),
        dashboard=part(_dashboard, _NO_DASHBOARD),
        words=part(_words, _NO_WORDS),
        sample=part(_sample, None),
        project=Path(settings.tinybird_project),
    )


def mistakes(product: Product, files: check.Files) -> Iterator[str]:
    """Yield what a product's dashboard and event name that its project does not have.

    Args:
        product: A product; a part that could not be loaded is left out.
        files: What its project and its policy say.
    """
    if product.dashboard is not _NO_DASHBOARD:
        yield from _of_dashboard(product, files)
    if product.words is not _NO_WORDS:
        yield from _of_event(product, files.project)


@cache
def current() -> Product:
    """Return the product of the running app.

    Raises:
        SystemExit: The configuration or the product cannot be used; the text says why.
    """
    try:
        return load(Settings.load())
    except SettingsError as error:
        raise SystemExit(f"Configuration error: {error}") from None


def _module(package: str, name: str) -> ModuleType:
    dotted = f"{package}.{name}"
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError as error:
        # Not the product's own faulty import, which its author wants to see as it is.
        if error.name is None or not dotted.startswith(error.name):
            raise
        raise ProductError(
            f"APP_PRODUCT is '{package}', but there is no module {dotted}. See docs/adapt.md."
        ) from None


def _refuse(error: Exception) -> NoReturn:
    raise error


def _policy(package: str) -> Policy:
    module = _module(package, "policy")
    return Policy(
        tenant=_given(module, "TENANT"),
        tenant_of=_given(module, "tenant"),
        granted=_given(module, "scopes"),
        kinds=tuple(_given(module, "KINDS_OF_SESSION")),
    )


def _dashboard(package: str) -> Dashboard:
    found: Dashboard = _given(_module(package, "dashboard"), "DASHBOARD")
    return found


def _words(package: str) -> Words:
    module = _module(package, "words")
    return Words(**{item.name: _given(module, item.name.upper()) for item in fields(Words)})


def _of_dashboard(product: Product, files: check.Files) -> Iterator[str]:
    """Yield what a dashboard names that its project does not have, each with its place."""
    if found := check.mistakes(product.dashboard, files):
        module, here = _module(product.package, "dashboard"), Path.cwd()
        declaration = Path(module.__file__ or "")
        source = declaration.read_text(encoding="utf-8")
        place = declaration.relative_to(here) if declaration.is_relative_to(here) else declaration
        for each in found:
            yield f"{place}:{line_of(each, source)}: {each.text}"


def _of_event(product: Product, project: Project) -> Iterator[str]:
    """Yield why the event that a developer is shown would not get into the project."""
    name, words = product.words.event_source, f"{product.package}.words"
    source = project.datasources.get(name)
    if source is None:
        if project.datasources and not project.mistakes:
            have = ", ".join(project.datasources)
            yield f"{words}: EVENT_SOURCE is '{name}', but the project's data sources are: {have}."
        return
    fields = {_field(column) for column in source.columns}
    for each in product.words.event:
        if each not in fields:
            hint = did_you_mean(each, fields)
            yield f"{words}: EVENT has '{each}', which '{name}' has no column for.{hint}"


def _field(column: Column) -> str:
    """Return the name in an event that a column is read from."""
    found = re.search(r"[\w-]+", column.json_path or "")
    return found.group() if found else column.name


def _sample(package: str) -> Sample | None:
    """Return what the product's ``sample.py`` declares; it need not have one."""
    dotted = f"{package}.sample"
    if importlib.util.find_spec(dotted) is None:
        return None
    try:
        found: Sample = _given(_module(package, "sample"), "SAMPLE")
    except SampleError as error:
        raise ProductError(f"{dotted}: {error}") from None
    return found


def _given(module: ModuleType, name: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        raise ProductError(f"{module.__name__} must define {name}. See docs/adapt.md.") from None
