"""Which method and path leads to which handler."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from re import Pattern
from typing import Final

from starlette.routing import compile_path

from clerk_tinybird_app.local.clerk.call import Reply
from clerk_tinybird_app.local.clerk.handlers import (
    clients,
    environment,
    me,
    organizations,
    sessions,
    sign_ins,
    sign_ups,
)

__all__ = ["Match", "match"]

Handler = Callable[..., Reply]


@dataclass(frozen=True)
class Match:
    """A handler and the ids in the path, to be called with the call itself first."""

    handler: Handler
    ids: dict[str, str]


_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/environment", environment.read),
    ("PATCH", "/environment", environment.read),
    ("GET", "/client", clients.read),
    ("PUT", "/client", clients.create),
    ("POST", "/client", clients.create),
    ("DELETE", "/client", clients.destroy),
    ("POST", "/client/sign_ins", sign_ins.create),
    ("GET", "/client/sign_ins/{sign_in_id}", sign_ins.read),
    ("POST", "/client/sign_ins/{sign_in_id}/prepare_first_factor", sign_ins.prepare_first_factor),
    ("POST", "/client/sign_ins/{sign_in_id}/attempt_first_factor", sign_ins.attempt_first_factor),
    ("POST", "/client/sign_ups", sign_ups.create),
    ("GET", "/client/sign_ups/{sign_up_id}", sign_ups.read),
    ("PATCH", "/client/sign_ups/{sign_up_id}", sign_ups.update),
    ("POST", "/client/sign_ups/{sign_up_id}/prepare_verification", sign_ups.prepare_verification),
    ("POST", "/client/sign_ups/{sign_up_id}/attempt_verification", sign_ups.attempt_verification),
    ("DELETE", "/client/sessions", sessions.remove_all),
    ("GET", "/client/sessions/{session_id}", sessions.read),
    ("POST", "/client/sessions/{session_id}/touch", sessions.touch),
    ("POST", "/client/sessions/{session_id}/end", sessions.end),
    ("POST", "/client/sessions/{session_id}/remove", sessions.remove),
    ("POST", "/client/sessions/{session_id}/tokens", sessions.token),
    ("POST", "/client/sessions/{session_id}/tokens/{template}", sessions.template_token),
    ("GET", "/me", me.read),
    ("PATCH", "/me", me.update),
    ("DELETE", "/me", me.delete),
    ("POST", "/me/change_password", me.change_password),
    ("GET", "/me/sessions/active", me.active_sessions),
    ("POST", "/me/sessions/{session_id}/revoke", me.revoke_session),
    ("GET", "/me/organization_memberships", me.memberships),
    ("DELETE", "/me/organization_memberships/{organization_id}", me.leave_organization),
    ("GET", "/me/organization_invitations", me.nothing),
    ("GET", "/me/organization_suggestions", me.nothing),
    ("POST", "/organizations", organizations.create),
    ("GET", "/organizations/{organization_id}", organizations.read),
    ("PATCH", "/organizations/{organization_id}", organizations.update),
    ("DELETE", "/organizations/{organization_id}", organizations.delete),
    ("GET", "/organizations/{organization_id}/memberships", organizations.members),
    ("PATCH", "/organizations/{organization_id}/memberships/{user_id}", organizations.set_role),
    ("DELETE", "/organizations/{organization_id}/memberships/{user_id}", organizations.remove),
    ("GET", "/organizations/{organization_id}/roles", organizations.roles),
    ("GET", "/organizations/{organization_id}/invitations", organizations.nothing),
    ("POST", "/organizations/{organization_id}/invitations", organizations.invite),
    ("POST", "/organizations/{organization_id}/invitations/bulk", organizations.invite),
    ("GET", "/organizations/{organization_id}/domains", organizations.nothing),
    ("GET", "/organizations/{organization_id}/membership_requests", organizations.nothing),
    ("PUT", "/organizations/{organization_id}/logo", organizations.no_images),
    ("DELETE", "/organizations/{organization_id}/logo", organizations.read),
    ("POST", "/me/profile_image", me.no_images),
    ("DELETE", "/me/profile_image", me.remove_image),
)


def _compile(
    routes: Iterable[tuple[str, str, Handler]],
) -> list[tuple[str, Pattern[str], Handler]]:
    """Prepare the routes' patterns once."""
    return [(method, compile_path(path)[0], handler) for method, path, handler in routes]


_COMPILED: Final = _compile(_ROUTES)


def match(method: str, path: str) -> Match | None:
    """Return what answers ``method`` at ``path`` (without ``/v1``); None: nothing does."""
    trimmed = path.rstrip("/")
    for route_method, pattern, handler in _COMPILED:
        if route_method == method and (found := pattern.match(trimmed)):
            return Match(handler, found.groupdict())
    return None
