"""The product that this app is about: a package of its own, chosen by ``APP_PRODUCT``."""

import importlib
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from clerk_tinybird_app.dashboard import check
from clerk_tinybird_app.dashboard.declaration import Dashboard
from clerk_tinybird_app.sample.vocabulary import Sample, SampleError
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.tinybird.nearest import did_you_mean
from clerk_tinybird_app.tinybird.policy import Policy, PolicyError
from clerk_tinybird_app.tinybird.project import Column, Project, read_project


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


def load(settings: Settings) -> Product:
    """Return the product that ``settings`` choose.

    Raises:
        ProductError: Its package, one of its modules or one of their names is not there, its
            policy does not keep tenants apart, or its dashboard or event names what its project
            does not have.
    """
    policy, dashboard, words = (
        _module(settings.app_product, name) for name in ("policy", "dashboard", "words")
    )
    product = Product(
        package=settings.app_product,
        policy=Policy(
            tenant=_given(policy, "TENANT"),
            tenant_of=_given(policy, "tenant"),
            granted=_given(policy, "scopes"),
            kinds=tuple(_given(policy, "KINDS_OF_SESSION")),
        ),
        dashboard=_given(dashboard, "DASHBOARD"),
        words=Words(**{item.name: _given(words, item.name.upper()) for item in fields(Words)}),
        sample=_sample(settings.app_product),
        project=Path(settings.tinybird_project),
    )
    project = read_project(product.project)
    try:
        files = check.Files(project, product.policy.fixed)
    except PolicyError as error:
        raise ProductError(f"{policy.__name__}: {error}") from None
    mistakes = [*_of_dashboard(product.dashboard, files, dashboard), *_of_event(product, project)]
    if mistakes:
        raise ProductError("\n".join(mistakes))
    return product


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


def _of_dashboard(dashboard: Dashboard, files: check.Files, module: ModuleType) -> Iterator[str]:
    """Yield what a dashboard names that its project does not have, each with its place."""
    if found := check.mistakes(dashboard, files):
        declaration, here = Path(module.__file__ or ""), Path.cwd()
        source = declaration.read_text(encoding="utf-8")
        place = declaration.relative_to(here) if declaration.is_relative_to(here) else declaration
        for each in found:
            yield f"{place}:{check.line_of(each, source)}: {each.text}"


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
