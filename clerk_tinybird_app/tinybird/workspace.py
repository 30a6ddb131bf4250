"""The Tinybird workspace that tokens are made for."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where the workspace is and what signs its tokens.

    Attributes:
        api_url: The API's address without a trailing slash, such as ``https://api.tinybird.co``.
        workspace_id: The workspace's id.
        signing_key: The workspace admin token: the HS256 key of every token (at least 32 bytes).
        token_ttl: A token's life in seconds.
        rps: Requests per second each token's name may make; Tinybird answers 429 beyond it.
    """

    api_url: str
    workspace_id: str
    signing_key: str = field(repr=False)
    token_ttl: int = 900
    rps: int = 10
