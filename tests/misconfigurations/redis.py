"""Redis, and the workers that share it."""

from typing import Final

from tests.misconfigurations.case import PRODUCTION, Case, Group
from tests.misconfigurations.clerk import LOST

_NO_ADDRESS: Final = "REFLEX_REDIS_URL is no address of a Redis: write redis://host:6379"


def _redis(url: str, **more: str) -> dict[str, str]:
    return {"REFLEX_REDIS_URL": url, "REDIS_SECRET": "s" * 32} | more


REDIS: Final = Group(
    "Redis and workers",
    (
        Case(
            what="an address without a scheme",
            environ=_redis("localhost:6379"),
            start=_NO_ADDRESS,
        ),
        Case(
            what="an address of the web",
            environ=_redis("http://ada:hunter2@localhost:6379"),
            start=_NO_ADDRESS,
        ),
        Case(
            what="a password with `#`, `/` or `@` in it",
            environ=_redis("redis://:pa#ss/wo@rd@localhost:6379"),
            start="In a password, write @ as %40, / as %2F, # as %23",
        ),
        Case(
            what="the name of a database, where a number belongs",
            environ=_redis("redis://localhost:6379/states"),
            start="with a number of a database after a / at most",
        ),
        Case(
            what="nothing answers there",
            environ=_redis("redis://localhost:{closed}"),
            check="redis/unreachable",
            says="Check the network and REFLEX_REDIS_URL: rediss:// is for TLS, redis:// without.",
            browser=LOST,
            log="redis_failed",
        ),
        Case(
            what="another name or password than the server's",
            environ=_redis("{redis_of_nobody}"),
            redis=(),
            check="redis/refused",
            says="refuses the name or the password",
            browser=LOST,
            log="redis_failed",
        ),
        Case(
            what="a database that the server does not have",
            environ=_redis("{redis}?db=99"),
            redis=(),
            check="redis/refused",
            says="Check the database's number",
            browser=LOST,
            log="redis_failed",
        ),
        Case(
            what="a user without rights",
            environ=_redis("{redis_of_ada}"),
            redis=("--user", "ada", "on", ">lovelace", "~*", "+ping"),
            check="redis/no-rights",
            says="ACL SETUSER name ~* &* +@all",
            browser=LOST,
            log="redis_failed",
        ),
        Case(
            what="a user that may run no scripts, with which the app counts",
            environ=_redis("{redis_of_ada}"),
            redis=("--user", "ada", "on", ">lovelace", "~*", "&*", "+@all", "-@scripting"),
            check="redis/no-rights",
            says="ACL SETUSER name ~* &* +@all",
            log="redis_failed",
        ),
        Case(
            what="a Redis of somebody else, which lets nobody configure it",
            environ=_redis("{redis}"),
            redis=("--rename-command", "CONFIG", ""),
            check="redis/no-config",
            says="Set notify-keyspace-events to K$sgxe where it is run, and "
            "REFLEX_IGNORE_REDIS_CONFIG_ERROR=1 here.",
            log="redis_failed",
        ),
        Case(
            what="the same, said to be configured, which it is not",
            environ=_redis("{redis}", REFLEX_IGNORE_REDIS_CONFIG_ERROR="1"),
            redis=("--rename-command", "CONFIG", ""),
            check="redis/no-events",
            says="Set notify-keyspace-events to K$sgxe where it is run.",
        ),
        Case(
            what="a replica, which can only be read",
            environ=_redis("{redis}"),
            redis=("--replicaof", "127.0.0.1", "1"),
            check="redis/read-only",
            says="is a replica, where nothing can be written",
            browser=LOST,
            log="redis_failed",
        ),
        Case(
            what="a Redis that is full, with `noeviction`",
            environ=_redis("{redis}"),
            redis=("--maxmemory", "1", "--maxmemory-policy", "noeviction"),
            check="redis/full",
            says="Give it more memory",
            browser=LOST,
            log="redis_failed",
        ),
        Case(
            what="a Redis that will be full, with `noeviction`",
            environ=_redis("{redis}"),
            redis=("--maxmemory", "100mb", "--maxmemory-policy", "noeviction"),
            check="redis/memory",
            level="warning",
            says="once the Redis is full, it takes nothing more (noeviction)",
        ),
        Case(
            what="a Redis that makes room at random",
            environ=_redis("{redis}"),
            redis=("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-random"),
            check="redis/memory",
            level="warning",
            says="throws away what was just used as well (allkeys-random)",
        ),
        Case(
            what="`REDIS_URL`, as other programs call it",
            environ={"REDIS_URL": "redis://localhost:6379"},
            check="configuration/unread-variable",
            level="warning",
            says="REDIS_URL is set and not used: REFLEX_REDIS_URL is what counts.",
            log="REDIS_URL is set and not used",
        ),
        Case(
            what="a Redis, and nothing to seal with what lies there",
            environ={"REFLEX_REDIS_URL": "redis://localhost:6379"},
            start="Set REDIS_SECRET to what `openssl rand -hex 32` prints",
        ),
        Case(
            what="a short secret to seal with",
            environ=_redis("redis://localhost:6379", REDIS_SECRET="secret"),
            start="REDIS_SECRET must be at least 32",
        ),
        Case(
            what="a secret to seal with, and no Redis",
            environ={"REDIS_SECRET": "s" * 32},
            check="redis/secret-alone",
            level="note",
            says="REDIS_SECRET is set, and no REFLEX_REDIS_URL",
        ),
        Case(
            what="several workers without Redis",
            begins_with=PRODUCTION,
            environ={"WEB_CONCURRENCY": "2"},
            start="WEB_CONCURRENCY is more than 1, but without Redis each worker keeps the states "
            "of its own tabs",
        ),
        Case(
            what="several workers with the embedded Tinybird",
            begins_with={},
            environ=_redis("redis://localhost:6379", WEB_CONCURRENCY="2"),
            start="WEB_CONCURRENCY is more than 1, but the embedded Tinybird belongs to one worker",
        ),
        Case(
            what="`auto` workers",
            environ={"WEB_CONCURRENCY": "auto"},
            start="WEB_CONCURRENCY must be a positive whole number",
        ),
        Case(
            what="far more workers than cores",
            environ=_redis("{redis}", WEB_CONCURRENCY="500", REFLEX_FRONTEND_PORT="{closed}"),
            redis=(),
            check="workers/too-many",
            level="warning",
            says="they need some 75,000 MB of memory",
        ),
        Case(
            what="several workers without a folder for their numbers",
            environ=_redis("{redis}", WEB_CONCURRENCY="2"),
            redis=(),
            check="metrics/one-worker",
            level="note",
            says="Set PROMETHEUS_MULTIPROC_DIR in the environment to a folder of their own",
        ),
        Case(
            what="a limit of memory that no worker stays below",
            environ={"WORKER_MAX_MEMORY": "20"},
            check="workers/little-memory",
            level="warning",
            says="a worker is to be renewed from 20 MiB on, and needs some 150 MB to serve",
        ),
    ),
)
