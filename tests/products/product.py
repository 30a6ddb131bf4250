"""The products that this repository ships, loaded as the app loads them."""

from pathlib import Path
from typing import Final

from clerk_tinybird_app import products
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.settings import Settings

ROOT: Final = Path(__file__).parents[2]

CHOICES: Final = {
    "demo": {"APP_PRODUCT": Settings.app_product, "TINYBIRD_PROJECT": Settings.tinybird_project},
    "email": {
        "APP_PRODUCT": "examples.email",
        "TINYBIRD_PROJECT": "examples/email/tinybird",
    },
}
"""Name -> the variables that choose the product."""


def shipped(name: str) -> Product:
    """Return a product that is shipped; its project is found from the top of the repository."""
    return products.load(Settings.from_environ(CHOICES[name]))
