"""What the environment says of outgoing connections: certificate authorities and a proxy."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from clerk_tinybird_app.settings.environment import SettingsError


@contextmanager
def usable_network() -> Iterator[None]:
    """Name the variables when a client cannot be made with them, in place of a library's error.

    Raises:
        SettingsError: The authorities or the proxy of the environment cannot be used.
    """
    try:
        yield
    except (ImportError, httpx.InvalidURL, ValueError) as error:
        # Not the error itself: a proxy's address may hold a password.
        raise SettingsError(
            "The proxy of the environment cannot be used. Write HTTPS_PROXY, HTTP_PROXY and "
            "ALL_PROXY as http://host:port, and NO_PROXY as names divided by commas, IPv6 "
            f"addresses without brackets ({type(error).__name__})"
        ) from None
    except OSError as error:
        raise SettingsError(
            "The certificate authorities of SSL_CERT_FILE or SSL_CERT_DIR cannot be read "
            f"({error.strerror or type(error).__name__}): name a file in PEM, or leave both out"
        ) from None
