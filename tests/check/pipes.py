"""Pipes that the run must tell apart, whatever the lint says of them."""

from tests.check.product import LATEST, OWN, SAFE, TOTAL

EVERYBODY = "SELECT count() AS hits FROM hits"
HOURS = (
    "SELECT hour, countIf(is_hit) AS hits FROM ("
    f"SELECT toStartOfHour(at) AS hour, 1 AS is_hit FROM hits WHERE {OWN} UNION ALL "
    "SELECT toStartOfHour(now()) - 3600 * number, 0 FROM numbers(24)) GROUP BY hour ORDER BY hour"
)

LEAKING = {
    "no_filter": EVERYBODY,
    "all_others": f"{EVERYBODY} WHERE customer != {{{{ String(customer_id) }}}}",
    "or_true": f"{TOTAL} OR 1",
    "or_column": f"{TOTAL} OR amount > 20",
    "asked_by": "SELECT {{ String(customer_id) }} AS asked_by, count() AS hits FROM hits",
    "in_all": f"{EVERYBODY} WHERE customer IN (SELECT customer FROM hits) "
    "AND {{ String(customer_id) }} != ''",
    "beside_own": f"SELECT countIf({OWN}) AS own, count() AS everybody FROM hits",
    "scalar": f"SELECT count() AS n, (SELECT max(amount) FROM hits) AS best FROM hits WHERE {OWN}",
    "texts": "SELECT DISTINCT person FROM hits WHERE {{ String(customer_id) }} != ''",
    "times": "SELECT at FROM hits WHERE {{ String(customer_id) }} != ''",
    "latest_time": "SELECT max(at) AS latest FROM hits WHERE {{ String(customer_id) }} != ''",
    "lists": "SELECT groupUniqArray(person) AS people FROM hits "
    "WHERE {{ String(customer_id) }} != ''",
    "union": f"{LATEST} UNION ALL SELECT at, customer, person, amount FROM hits",
    "through_another": "SELECT hits FROM no_filter WHERE {{ String(customer_id) }} != ''",
    "with_plans": "SELECT plan, count() AS hits FROM plans CROSS JOIN hits "
    "WHERE {{ String(customer_id) }} != '' GROUP BY plan",
    "hours_of_all": HOURS.replace(OWN, "{{ String(customer_id) }} != ''"),
}
"""Each answers a customer without rows what others did."""

CORRECT = {
    **SAFE,
    "hours": HOURS,
    "constants": f"SELECT 86400 AS seconds, 'UTC' AS zone, now() AS asked_at, "
    f"toUnixTimestamp(now()) AS epoch, count() AS hits FROM hits WHERE {OWN}",
    "echo": f"SELECT {{{{ String(customer_id) }}}} AS who, count() AS hits FROM hits WHERE {OWN}",
    "last_seen": f"SELECT max(at) AS at, count() AS hits FROM hits WHERE {OWN}",
    "of_one_person": f"SELECT at, amount FROM hits WHERE {OWN} "
    "AND person = {{ String(person_id) }}",
    "period": f"SELECT count() AS hits FROM hits WHERE {OWN} "
    "AND at >= {{ DateTime(start) }} AND at < {{ DateTime(end) }} "
    "AND amount < {{ Int32(least) }} * 1000 "
    "AND 'day' = {{ String(unit, enum=['day', 'hour']) }} "
    "AND startsWith(person, {{ String(people, example='org_') }})",
    "through_safe": "SELECT hits FROM total",
    # Customers one and two have the same by chance.
    "by_chance": "SELECT multiIf(count() = 0, 0, count() > 10, 1234, 987) AS ms FROM hits "
    f"WHERE {OWN}",
}
"""Each answers a customer its own rows alone, though not always nothing to one without rows."""

ODD = {
    "known_customers": f"{EVERYBODY} WHERE {{{{ String(customer_id) }}}} IN "
    "(SELECT customer FROM hits)",
    "known_beside_own": f"SELECT countIf({OWN}) AS own, count() AS everybody FROM hits "
    "HAVING own > 0",
    "known_see_others": "SELECT customer, amount FROM hits WHERE {{ String(customer_id) }} IN "
    "(SELECT customer FROM hits)",
    "labels": f"SELECT plan, countIf({OWN}) AS hits FROM plans LEFT JOIN hits ON 1 = 1 "
    "GROUP BY plan",
    "price_list": "SELECT plan, price FROM plans",
    "needs_a_word": f"{TOTAL} AND person = {{{{ String(word) }}}}",
    "other_person": f"{TOTAL} AND person = 'somebody'",
    "broken": f"SELECT nothing_such AS x FROM hits WHERE {OWN}",
}

PIPES = LEAKING | CORRECT | ODD
