"""What a node's SQL says, read with a parser of ClickHouse's dialect instead of run."""

import logging

# It writes notes on how it reads a query. What cannot be read is for this package to say.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
