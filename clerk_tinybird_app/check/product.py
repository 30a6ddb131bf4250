"""The product as it is declared: loaded part by part, and held to its project's files."""

import traceback
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from clerk_tinybird_app import products
from clerk_tinybird_app.check.finding import Finding, Level, failed, ok
from clerk_tinybird_app.check.policy import hold_policy, project_findings, unreadable
from clerk_tinybird_app.dashboard.check import Files
from clerk_tinybird_app.dashboard.declaration import Dashboard
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.sample.fit import project_misfit
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.project import Project, read_project

Load = Callable[[Settings, Callable[[Exception], None]], Product]
"""Loads a product, and tells why a part of it cannot be: see ``products.assemble``."""

_REFUSES: Final = "Until then the app refuses to start."


class Held(NamedTuple):
    """What the pipes are held to.

    Attributes:
        policy: The policy, with the kinds of session that it is fit for.
        project: The project; nothing when it cannot be read.
        missing: The pipes of the policy that it was said not to have.
        dashboard: What shows the pipes' answers.
    """

    policy: Policy
    project: Project
    missing: frozenset[str]
    dashboard: Dashboard


def load_product(load: Load, settings: Settings) -> tuple[Product | None, list[Finding]]:
    """Load what can be loaded of a product.

    Returns:
        The product, None without a policy; and why its other parts cannot be loaded.
    """
    found: list[Finding] = []

    def tell(error: Exception) -> None:
        found.append(failed("product/unusable", _reason(settings.app_product, error), _REFUSES))

    try:
        return load(settings, tell), found
    except Exception as error:  # noqa: BLE001 - whatever a product's code raises is its finding
        tell(error)
        return None, found


def hold(product: Product) -> tuple[Held, list[Finding]]:
    """Hold a product to its files, as far as each part of it could be loaded.

    Returns:
        What its pipes can be held to, and all that was found.
    """
    policy, found = hold_policy(product.policy)
    is_fit = all(finding.level is not Level.FAILED for finding in found)
    project = read_project(product.project)
    found += _declared(product, project, policy, is_fit=is_fit)
    if (reason := unreadable(project)) is not None:
        found.append(reason)
        nothing = Project(datasources={}, pipes={}, folder=product.project)
        return Held(policy, nothing, frozenset(), product.dashboard), found
    found += project_findings(project, policy)
    missing = frozenset(policy.pipes) - project.pipes.keys()
    return Held(policy, project, missing, product.dashboard), found


def _declared(
    product: Product, project: Project, policy: Policy, *, is_fit: bool
) -> Iterator[Finding]:
    """Hold dashboard, example event and sample to the files of the project that can be read."""
    # A kind of session that the policy fails for might be meant to read any pipe.
    others = {} if is_fit else dict.fromkeys(project.pipes, frozenset[str]())
    # What tokens allow and the project does not have is the lint's to tell.
    told = policy.fixed.keys() - project.pipes.keys()
    for text in products.mistakes(product, Files(project, others | policy.fixed, told)):
        yield failed("product/mistake", text, _REFUSES)
    yield from _sample(product, project)


def _sample(product: Product, project: Project) -> Iterator[Finding]:
    sample = product.sample
    if sample is None or not project.datasources or sample.source in project.unreadable:
        return
    text = project_misfit(sample, product.policy.tenant.column, project.datasources)
    if text:
        text = f"{product.package}.sample: {text}"
        advice = "Until then the embedded Tinybird makes up no rows."
        yield failed("sample/misfit", text, advice)
    else:
        yield ok("sample/fits", f"made-up rows fit the data source '{sample.source}'")


def _reason(package: str, error: Exception) -> str:
    if isinstance(error, SettingsError):
        return str(error)
    return f"{package} raises {type(error).__name__}{_place_in(package, error)}: {error}"


def _place_in(package: str, error: Exception) -> str:
    """Return where in the product's package it was raised, "" when that is elsewhere."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        name = frame.f_globals.get("__name__", "")
        if f"{name}.".startswith(f"{package}."):
            return f" in {name}, line {line}"
    return ""
