"""The parts of a product's policy, and the guard that checks what the policy grants.

The product has the policy itself. Tinybird enforces all values in ``fixed_params``: a request
cannot override them, and a pipe that filters by the parameter returns only rows of that tenant.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import SessionKind

PIPES_READ = "PIPES:READ"


@dataclass(frozen=True, slots=True)
class Scope:
    """Read access to one pipe with some of its parameters fixed.

    Attributes:
        resource: The pipe's name.
        fixed_params: Parameter values that win over the values in a request.
    """

    resource: str
    fixed_params: Mapping[str, str]

    def as_claim(self) -> dict[str, Any]:
        """Return the scope in the form of the token's ``scopes`` claim."""
        return {
            "type": PIPES_READ,
            "resource": self.resource,
            "fixed_params": dict(self.fixed_params),
        }


class PolicyError(Exception):
    """A policy that does not separate the tenants: no token is minted with it."""


class PolicyFailedError(Exception):
    """The product's policy raised an error for a session, which therefore gets nothing.

    Attributes:
        code: A stable name for programs.
        status: The HTTP status that an API answers with.
        message: Tells a person what is wrong and what to do.
    """

    code: Final = "policy_failed"
    status: Final = 500
    message: Final = (
        "What you may see could not be worked out, so nothing is shown. The server's log says "
        "what failed in the product's policy."
    )


@dataclass(frozen=True, slots=True)
class Tenant:
    """How a product names its tenants.

    Attributes:
        parameter: The parameter of every pipe with the tenant's id.
        column: The column of every data source with the tenant's id.
    """

    parameter: str
    column: str


@dataclass(frozen=True)
class Policy:
    """Who may read what.

    Attributes:
        tenant: The names of the tenant's parameter and column.
        tenant_of: Returns the tenant that a session belongs to.
        granted: Returns what a session may read; ``scopes`` returns the same after checks.
        kinds: All kinds of session that the policy distinguishes.
    """

    tenant: Tenant
    tenant_of: Callable[[ClerkSession], str]
    granted: Callable[[ClerkSession], Iterable[Scope]]
    kinds: tuple[SessionKind, ...]

    def scopes(self, session: ClerkSession) -> tuple[Scope, ...]:
        """Return what ``session`` may read.

        Raises:
            PolicyError: A scope is not for the session's own tenant alone, or for every pipe.
        """
        own = self.tenant_of(session)
        if not own or not isinstance(own, str):
            raise PolicyError("The policy names no tenant for a session.")
        scopes = tuple(self.granted(session))
        for scope in scopes:
            if scope.fixed_params.get(self.tenant.parameter) != own:
                raise PolicyError(
                    f"The policy's scope for '{scope.resource}' does not fix "
                    f"{self.tenant.parameter} to the session's own tenant."
                )
            if not scope.resource.isidentifier():
                raise PolicyError(f"'{scope.resource}' is no pipe's name: there is no wildcard.")
        if len({scope.resource for scope in scopes}) < len(scopes):
            raise PolicyError("The policy grants a pipe twice: the wider one would count.")
        return scopes

    @cached_property
    def pipes(self) -> tuple[str, ...]:
        """All pipes that some kind of session may read, in the policy's order."""
        granted = (self.scopes(kind.session()) for kind in self.kinds)
        return tuple(dict.fromkeys(scope.resource for scopes in granted for scope in scopes))

    @cached_property
    def fixed(self) -> dict[str, frozenset[str]]:
        """Pipe -> the parameters that are fixed in all tokens for this pipe."""
        found: dict[str, frozenset[str]] = {}
        for kind in self.kinds:
            for scope in self.scopes(kind.session()):
                names = frozenset(scope.fixed_params)
                found[scope.resource] = found.get(scope.resource, names) & names
        return found
