"""What a node's SQL says, read with a parser of ClickHouse's dialect instead of run."""
