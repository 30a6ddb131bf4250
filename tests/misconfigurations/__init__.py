"""The table of misconfigurations: what is said of each, where. docs/configuration.md is made of it.

``tests/check/test_misconfigurations.py`` sets up each of them and holds what it is told to this.
"""

from tests.misconfigurations.case import Case, Group
from tests.misconfigurations.clerk import CLERK
from tests.misconfigurations.machine import MACHINE
from tests.misconfigurations.network import NETWORK
from tests.misconfigurations.product import PRODUCT
from tests.misconfigurations.redis import REDIS
from tests.misconfigurations.tinybird import TINYBIRD
from tests.misconfigurations.variables import VARIABLES

GROUPS = (CLERK, TINYBIRD, REDIS, NETWORK, VARIABLES, PRODUCT, MACHINE)

__all__ = ["GROUPS", "Case", "Group"]
