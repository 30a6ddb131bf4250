"""Clerk's keys, the origins and the pages of its forms."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from tests.check.servers import Servers
from tests.clerk.tokens import jwk, pem
from tests.misconfigurations.case import PRODUCTION, Case, Group
from tests.test_settings import HOST_KEY

LOST: Final = "Connection lost: this app's server does not answer."
_NO_KEY: Final = "CLERK_PUBLISHABLE_KEY is not a publishable key"
_NO_PEM: Final = "CLERK_JWT_KEY must be the instance's RSA public key"
_OF_THE_PAIR: Final = "CLERK_SECRET_KEY must start with sk_test_ to belong to CLERK_PUBLISHABLE_KEY"
_SECRET: Final = "sk_test_" + "a" * 40
_PRIVATE: Final = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)
_ELLIPTIC: Final = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def _publishable(key: str) -> dict[str, str]:
    return {"CLERK_PUBLISHABLE_KEY": key}


def _parties(*origins: str) -> dict[str, str]:
    return {"CLERK_AUTHORIZED_PARTIES": ",".join(origins)}


CLERK: Final = Group(
    "Clerk",
    (
        Case(
            what="the secret key in the publishable key's place",
            environ=_publishable(_SECRET),
            start=f"{_NO_KEY}. It begins with pk_test_ or pk_live_ and ends with the instance's "
            "encoded address; copy it whole from the Clerk Dashboard: API keys. What is there "
            "looks like a secret key of Clerk's.",
        ),
        Case(
            what="the publishable key in the secret key's place",
            environ={"CLERK_SECRET_KEY": HOST_KEY},
            start=f"{_OF_THE_PAIR} (Clerk dashboard > Configure > API keys). What is there looks "
            "like a publishable key of Clerk's.",
        ),
        Case(
            what="a live secret key beside a test publishable key",
            environ={"CLERK_SECRET_KEY": _SECRET.replace("test", "live")},
            start=_OF_THE_PAIR,
        ),
        Case(
            what="a publishable key that is not whole",
            environ=_publishable(HOST_KEY[:-8]),
            start=_NO_KEY,
        ),
        Case(
            what="quotes that are a part of the value, as `docker run --env-file` leaves them",
            environ=_publishable(f'"{HOST_KEY}"'),
            start="CLERK_PUBLISHABLE_KEY is between quotes, which are a part of it where it comes "
            "from; write the value without them",
        ),
        Case(
            what="a no-break space behind the key, from a page or a chat",
            environ=_publishable(f"{HOST_KEY}\u00a0"),
            start="CLERK_PUBLISHABLE_KEY holds a character that cannot be seen (U+00A0)",
        ),
        Case(
            what="curly quotes around the secret key",
            environ={"CLERK_SECRET_KEY": f"\u201c{_SECRET}\u201d"},
            start="CLERK_SECRET_KEY holds a space, or a character that no key has, such as a curly "
            "quote; copy the key itself",
        ),
        Case(
            what="the example's `sk_test_…` left in place",
            environ={"CLERK_SECRET_KEY": "sk_test_..."},
            start="CLERK_SECRET_KEY is no key. What is there looks like an example's placeholder. "
            "Copy the key itself.",
        ),
        Case(
            what="a secret key without a publishable key",
            environ={"CLERK_PUBLISHABLE_KEY": "", "CLERK_SECRET_KEY": _SECRET},
            start="Clerk is half configured: CLERK_SECRET_KEY is set. Also set",
        ),
        Case(
            what="keys of two instances",
            environ={"CLERK_SECRET_KEY": _SECRET},
            servers=Servers(backend={"keys": [jwk("another")]}),
            check="clerk/secret-key-foreign",
            says="CLERK_SECRET_KEY is of another instance than happy-cat-1.clerk.accounts.dev",
        ),
        Case(
            what="a secret key that was replaced",
            environ={"CLERK_SECRET_KEY": _SECRET},
            servers=Servers(backend=401),
            check="clerk/secret-key-refused",
            says="Clerk refuses CLERK_SECRET_KEY: it is not whole, or was replaced.",
        ),
        Case(
            what="an instance that is not there any more",
            servers=Servers(jwks=404),
            check="clerk/no-keys",
            says="Check CLERK_PUBLISHABLE_KEY: it names the instance's address.",
            # Clerk's script comes from there too, so no page has a session to push.
            browser="Sign-in could not be loaded",
            log="keys_unavailable",
        ),
        Case(
            what="a server that cannot reach Clerk",
            servers=Servers(down=frozenset({"happy-cat-1.clerk.accounts.dev"})),
            check="clerk/unreachable",
            says="or set CLERK_JWT_KEY to need no network.",
            code="keys_unavailable",
        ),
        Case(
            what="a clock that is ten minutes ahead",
            servers=Servers(behind=600),
            check="clock/wrong",
            level="warning",
            says="Set it by the network (NTP)",
            code="session_clock_ahead",
        ),
        Case(
            what="`CLERK_JWT_KEY` of another instance",
            environ={"CLERK_JWT_KEY": pem()},
            servers=Servers(jwks={"keys": [jwk("another")]}),
            check="clerk/jwt-key",
            says="CLERK_JWT_KEY is not among them: every session would be refused.",
            code="session_signature",
        ),
        Case(
            what="a private key in `CLERK_JWT_KEY`",
            environ={"CLERK_JWT_KEY": _PRIVATE},
            start="What is there looks like a private key.",
        ),
        Case(
            what="a PEM that is cut",
            environ={"CLERK_JWT_KEY": pem()[:200]},
            start="What is there looks like a key in PEM that is not whole, or of another kind.",
        ),
        Case(
            what="a PEM of an elliptic curve's key",
            environ={"CLERK_JWT_KEY": _ELLIPTIC},
            start=_NO_PEM,
        ),
        Case(
            what="the address of the key set in `CLERK_JWT_KEY`",
            environ={"CLERK_JWT_KEY": "https://clerk.example.com/.well-known/jwks.json"},
            start="What is there looks like an address.",
        ),
        Case(
            what="a PEM of several lines without quotes in `.env`",
            files={".env": f"CLERK_JWT_KEY={pem()}"},
            start=".env, line 1: CLERK_JWT_KEY goes on over several lines; put double quotes "
            "around the whole value",
        ),
        Case(
            what="a live key without the app's origins",
            begins_with=PRODUCTION,
            environ=_parties(""),
            start="A live CLERK_PUBLISHABLE_KEY needs CLERK_AUTHORIZED_PARTIES",
        ),
        Case(
            what="a live key for this machine alone",
            begins_with=PRODUCTION,
            environ=_parties("http://localhost:3000"),
            check="origins/live-key",
            level="warning",
            says="a live key is for this machine alone",
            code="session_azp",
        ),
        Case(
            what="a test key on a public address",
            environ=_parties("https://app.example.com"),
            check="origins/test-key",
            level="warning",
            says="Put a pk_live_ key of the production instance there.",
        ),
        Case(
            what="a live key of another domain than the app's",
            begins_with=PRODUCTION,
            environ=_parties("https://app.example.org"),
            check="origins/another-domain",
            level="warning",
            says="the live key is for example.com and what is below it, so nobody can sign in "
            "there",
        ),
        Case(
            what="an origin with a path",
            begins_with=PRODUCTION,
            environ=_parties("https://app.example.com/dashboard"),
            start="as browsers write them: https://app.example.com; this has a path",
        ),
        Case(
            what="an origin without a scheme",
            begins_with=PRODUCTION,
            environ=_parties("https://app.example.com", "www.example.com"),
            start="number 2 has no scheme",
        ),
        Case(
            what="every origin below a domain",
            begins_with=PRODUCTION,
            environ=_parties("https://*.example.com"),
            start="this has a wildcard: name each",
        ),
        Case(
            what="origins divided by blanks",
            begins_with=PRODUCTION,
            environ=_parties("https://app.example.com https://www.example.com"),
            start="this is several: divide them by commas",
        ),
        Case(
            what="a public origin over http",
            begins_with=PRODUCTION,
            environ=_parties("http://app.example.com"),
            check="origins/not-https",
            level="warning",
            says="sessions travel unprotected to http://app.example.com",
        ),
        Case(
            what="`REFLEX_DEPLOY_URL` that is none of the origins",
            begins_with=PRODUCTION,
            environ={"REFLEX_DEPLOY_URL": "https://www.example.com"},
            check="origins/deploy-url",
            level="warning",
            says="CLERK_AUTHORIZED_PARTIES does not name: pages there stay without data",
            browser=LOST,
            log="websocket_origin",
        ),
        Case(
            what="a proxy in front of Clerk",
            begins_with=PRODUCTION,
            environ={"CLERK_PROXY_URL": "https://app.example.com/__clerk"},
            check="configuration/unread-variable",
            level="warning",
            says="CLERK_PROXY_URL is set and not used: the browser reaches Clerk at the "
            "publishable key's own host.",
            log="CLERK_PROXY_URL is set and not used",
        ),
        Case(
            what="a sign-in page without its `/`",
            environ={"CLERK_SIGN_IN_URL": "sign-in"},
            start="CLERK_SIGN_IN_URL must be a path of this app, such as /sign-in, or a whole "
            "address",
        ),
        Case(
            what="a sign-in page where the dashboard is",
            environ={"CLERK_SIGN_IN_URL": "/dashboard"},
            start="CLERK_SIGN_IN_URL must be a path where nothing else of the app is",
        ),
        Case(
            what="sent to the sign-in page after signing in",
            environ={"CLERK_AFTER_SIGN_IN_URL": "/sign-in"},
            start="CLERK_AFTER_SIGN_IN_URL must be a path where no form of Clerk's is",
        ),
        Case(
            what="sent to a page that is not there after signing in",
            environ={"CLERK_AFTER_SIGN_IN_URL": "/welcom"},
            check="pages/unknown",
            level="warning",
            says="CLERK_AFTER_SIGN_IN_URL leads to /welcom, where this app has no page",
            browser="Page not found",
        ),
        Case(
            what="sent to another site after signing in",
            environ={"CLERK_AFTER_SIGN_IN_URL": "https://example.org/"},
            start="CLERK_AFTER_SIGN_IN_URL must be a path of this app that starts with one '/'",
        ),
    ),
)
