"""Where the app listens, who is in front of it, and where it is shown."""

from typing import Final

from tests.misconfigurations.case import PRODUCTION, Case, Group

_NO_HOST: Final = (
    "REFLEX_BACKEND_HOST must be an address to listen on, such as 127.0.0.1 or 0.0.0.0"
)
_EVERYBODY: Final = "then anybody could say to be anybody. Name the addresses of your proxies"

NETWORK: Final = Group(
    "Addresses, ports and proxies",
    (
        Case(
            what="a URL to listen on",
            environ={"REFLEX_BACKEND_HOST": "http://0.0.0.0"},
            start=_NO_HOST,
        ),
        Case(
            what="an address with its port to listen on",
            environ={"REFLEX_BACKEND_HOST": "0.0.0.0:3000"},
            start="without scheme and port; REFLEX_FRONTEND_PORT is the port",
        ),
        Case(
            what="an address of another machine to listen on",
            environ={"REFLEX_BACKEND_HOST": "192.0.2.7"},
            start="Nobody can listen on 192.0.2.7, port",
            check="port/unusable",
            says="nobody can listen on 192.0.2.7, port",
            level="warning",
        ),
        Case(
            what="everybody may connect, with embedded services",
            begins_with={},
            environ={"REFLEX_BACKEND_HOST": "0.0.0.0"},
            check="starting/refused",
            start="the bind address (REFLEX_BACKEND_HOST) is 0.0.0.0",
        ),
        Case(
            what="everybody may connect, and no proxy is trusted",
            environ={"REFLEX_BACKEND_HOST": "0.0.0.0"},
            check="proxies/none",
            level="note",
            says="until then all who come through it count as one client",
            log="too_many_requests",
        ),
        Case(
            what="a port that is taken",
            environ={"REFLEX_FRONTEND_PORT": "{taken}"},
            start="Another program listens on port",
            check="port/taken",
            says="Stop it, or set REFLEX_FRONTEND_PORT to another.",
        ),
        Case(
            what="port 70000",
            environ={"REFLEX_FRONTEND_PORT": "70000"},
            start="REFLEX_FRONTEND_PORT must be a port number from 1 to 65535",
        ),
        Case(
            what="`PORT`, as platforms call it",
            environ={"PORT": "8080", "REFLEX_FRONTEND_PORT": ""},
            check="configuration/unread-variable",
            level="warning",
            says="PORT is set and not used: REFLEX_FRONTEND_PORT is what counts.",
            log="PORT is set and not used",
        ),
        Case(
            what="all proxies of the world trusted",
            environ={"TRUSTED_PROXIES": "0.0.0.0/0"},
            start=_EVERYBODY,
        ),
        Case(
            what="all proxies of the world trusted, by halves",
            environ={"TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1"},
            start=_EVERYBODY,
        ),
        Case(
            what="a proxy by its name",
            environ={"TRUSTED_PROXIES": "caddy"},
            start="a name is none: give the proxy a fixed address",
        ),
        Case(
            what="a network by an address in its middle",
            environ={"TRUSTED_PROXIES": "172.18.0.5/16"},
            start="a network's address is its first one",
        ),
        Case(
            what="a site to be framed in, as a keyword",
            begins_with=PRODUCTION,
            environ={"EMBED_ANCESTORS": "self"},
            start="EMBED_ANCESTORS must be origins divided by commas",
        ),
        Case(
            what="framed in another site",
            begins_with=PRODUCTION,
            environ={"EMBED_ANCESTORS": "https://www.example.org"},
            check="embed/another-site",
            level="warning",
            says="shows everybody as signed out",
            browser="signed out, in the frame",
        ),
        Case(
            what="framed in a page over http",
            begins_with=PRODUCTION,
            environ={"EMBED_ANCESTORS": "http://www.example.com"},
            check="embed/not-https",
            level="warning",
            says="Write its https address into EMBED_ANCESTORS.",
        ),
        Case(
            what="customers who see a developer's tools",
            begins_with=PRODUCTION,
            environ={"TOKEN_PAGE": "1"},
            check="token-page/live",
            level="note",
            says="customers see the token page, a developer's tools, with their token on it",
            browser="Your token",
        ),
    ),
)
