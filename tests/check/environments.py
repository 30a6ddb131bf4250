"""Configurations for the check's tests."""

from tests.check.servers import KEY, WORKSPACE
from tests.test_settings import HOST_KEY

CLERK_HOST = "happy-cat-1.clerk.accounts.dev"
TINYBIRD_HOST = "api.tinybird.co"
CLERK = {"CLERK_PUBLISHABLE_KEY": HOST_KEY}
TINYBIRD = {
    "TINYBIRD_API_URL": f"https://{TINYBIRD_HOST}",
    "TINYBIRD_WORKSPACE_ID": WORKSPACE,
    "TINYBIRD_JWT_SECRET": KEY,
}
WHOLE = CLERK | TINYBIRD
