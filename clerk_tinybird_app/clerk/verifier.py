"""Verifies a session token. This is the only way to get a trusted session."""

import time
from collections.abc import Callable, Collection

from clerk_tinybird_app.clerk import jws
from clerk_tinybird_app.clerk.claims import session_from_claims
from clerk_tinybird_app.clerk.errors import SessionClockAheadError, SessionExpiredError
from clerk_tinybird_app.clerk.keys import KeySource
from clerk_tinybird_app.clerk.session import LEEWAY_SECONDS, ClerkSession


class SessionVerifier:
    """Verifies the session tokens of one Clerk instance for one app.

    Args:
        issuer: The instance, such as "https://clerk.example.com"; see `PublishableKey.issuer`.
        authorized_parties: The app's own origins, such as {"https://app.example.com"}; a token
            issued to any other page is refused.
        keys: Where that instance's public keys come from.
        clock: The time, in seconds since the epoch.
        clock_ahead: By how many seconds that clock is ahead; None when this is not known. It only
            changes the reason of a refusal: no session is accepted because of it.

    Raises:
        ValueError: If there is no issuer or no authorized party.
    """

    def __init__(
        self,
        *,
        issuer: str,
        authorized_parties: Collection[str],
        keys: KeySource,
        clock: Callable[[], float] = time.time,
        clock_ahead: Callable[[], float | None] = lambda: None,
    ) -> None:
        if not issuer:
            raise ValueError("The issuer must be the address of the Clerk instance.")
        # A single string would become a set of its characters.
        if isinstance(authorized_parties, str) or not all(authorized_parties):
            raise ValueError("The authorized parties must be a collection of origins.")
        if not authorized_parties:
            raise ValueError("There must be an authorized party: the origin of the app.")
        self._issuer = issuer
        self._authorized_parties = frozenset(authorized_parties)
        self._keys = keys
        self._clock = clock
        self._clock_ahead = clock_ahead

    async def keys_age(self) -> float | None:
        """Return the seconds since the keys came; None for keys that never age.

        Raises:
            KeysUnavailable: If there are none, and they cannot be fetched at the moment.
        """
        return await self._keys.age()

    async def verify(self, token: str) -> ClerkSession:
        """Return the session that a token proves.

        Args:
            token: As the browser sent it.

        Raises:
            SessionError: If it proves no session; the subclass says why.
            KeysUnavailable: If the keys to check it cannot be fetched.
        """
        signed = jws.parse(token)
        key = await self._keys.get(signed.kid)
        claims = jws.verified_claims(signed, key)
        now = self._clock()
        try:
            return session_from_claims(
                claims,
                issuer=self._issuer,
                authorized_parties=self._authorized_parties,
                now=now,
            )
        except SessionExpiredError as error:
            ahead = self._clock_ahead() or 0
            if ahead <= LEEWAY_SECONDS or now - ahead >= error.expired_at:
                raise
            # Raised here, outside of the `except`, so that the other error is not chained to it.
        raise SessionClockAheadError(ahead)
