-- Pipes that keep tenants apart, pipes that do not, and pipes that the lint cannot tell of.
--
-- The column is workspace_id, the parameter workspace, and MINE the right condition on both.
-- events and notes have the column, plans has not. The last node is the endpoint.


-- safe: the plain form
SELECT * FROM events WHERE MINE

-- safe: the other way round
SELECT * FROM events WHERE {{String(workspace)}} = workspace_id

-- safe: after a hint for the engine
{{backend_hint('a')}} SELECT * FROM events WHERE MINE

-- safe: with `==`
SELECT * FROM events WHERE workspace_id == {{String(workspace)}}

-- safe: written plainly, with its description
SELECT * FROM events
  WHERE workspace_id = {{sql_unescape(String(workspace, description='Whose', required=True), '%')}}

-- safe: as a whole number
SELECT * FROM events WHERE workspace_id = {{Int64(workspace)}}

-- safe: one of one
SELECT * FROM events WHERE workspace_id IN ({{String(workspace)}})

-- safe: and more
SELECT * FROM events WHERE amount > 1 AND (note != '' AND (MINE))

-- safe: before the others
SELECT * FROM events PREWHERE MINE WHERE amount > 1 OR 1

-- safe: of the newest version
SELECT * FROM events FINAL WHERE MINE

-- safe: in an aggregate
SELECT note, sum(amount) AS s FROM events WHERE MINE GROUP BY note

-- safe: by its source
SELECT e.note FROM events AS e WHERE e.workspace_id = {{String(workspace)}}

-- safe: its alias is itself
SELECT workspace_id AS workspace_id FROM events WHERE MINE

-- safe: innermost
SELECT count() AS n FROM (SELECT * FROM (SELECT * FROM events WHERE MINE))

-- safe: outermost
SELECT * FROM (SELECT workspace_id, amount FROM events) WHERE MINE

-- safe: under another name
SELECT * FROM (SELECT workspace_id AS w FROM events) WHERE w = {{String(workspace)}}

-- safe: after a group of its own
SELECT *
  FROM (SELECT workspace_id, sum(amount) AS s FROM events GROUP BY workspace_id)
  WHERE MINE

-- safe: in both arms
SELECT note FROM events WHERE MINE UNION ALL SELECT note FROM notes WHERE MINE

-- safe: around both arms
SELECT *
  FROM (SELECT workspace_id, note FROM events
  UNION ALL SELECT workspace_id, note FROM notes)
  WHERE MINE

-- safe: beside made-up rows
SELECT note FROM events
  WHERE MINE
  UNION ALL SELECT toString(number) AS note FROM numbers(3)

-- safe: nothing is read
SELECT number FROM numbers(3) AS n, system.one AS o

-- safe: in a named query
WITH mine AS (SELECT * FROM events WHERE MINE) SELECT count() AS n FROM mine

-- safe: a named query that is not used may do anything
WITH a AS (SELECT * FROM events) SELECT note FROM notes WHERE MINE

-- safe: for both sides of a join
SELECT e.note FROM events AS e
  JOIN notes AS n ON e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}} AND n.workspace_id = {{String(workspace)}}

-- safe: joined by the tenant
SELECT e.note FROM events AS e
  LEFT JOIN notes AS n ON e.workspace_id = n.workspace_id AND e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}}

-- safe: joined USING the tenant
SELECT note FROM events JOIN notes USING (workspace_id, note) WHERE MINE

-- safe: both sides before a join
SELECT a.note
  FROM (SELECT * FROM events
  WHERE MINE) AS a
  FULL JOIN (SELECT * FROM notes
  WHERE MINE) AS b ON a.note = b.note

-- safe: the right side in a LEFT JOIN's ON
SELECT a.note
  FROM (SELECT note FROM events
  WHERE MINE) AS a
  LEFT JOIN notes AS b ON a.note = b.note AND b.workspace_id = {{String(workspace)}}

-- safe: IN its own tenant, selected
SELECT * FROM notes WHERE workspace_id IN (SELECT workspace_id FROM events WHERE MINE)

-- safe: a filter that may be there
SELECT * FROM events
  WHERE MINE {% if defined(note) %} AND note = {{String(note)}} {% end %}

-- safe: ten filters that may be there
SELECT * FROM events WHERE MINE {% if defined(p0) %} AND amount > {{Int32(p0)}} {% end %} {% if defined(p1) %} AND amount > {{Int32(p1)}} {% end %} {% if defined(p2) %} AND amount > {{Int32(p2)}} {% end %} {% if defined(p3) %} AND amount > {{Int32(p3)}} {% end %} {% if defined(p4) %} AND amount > {{Int32(p4)}} {% end %} {% if defined(p5) %} AND amount > {{Int32(p5)}} {% end %} {% if defined(p6) %} AND amount > {{Int32(p6)}} {% end %} {% if defined(p7) %} AND amount > {{Int32(p7)}} {% end %} {% if defined(p8) %} AND amount > {{Int32(p8)}} {% end %} {% if defined(p9) %} AND amount > {{Int32(p9)}} {% end %}

-- safe: a filter for each of several
SELECT * FROM events
  WHERE MINE {% for n in split_to_array(ns, 'x') %} AND note != {{n}} {% end %}

-- safe: in every branch
SELECT * FROM {% if defined(x) %} notes {% else %} events {% end %}
  WHERE {% if defined(y) %} MINE AND 1 {% else %} MINE {% end %}

-- safe: else an error
SELECT * FROM events
  WHERE {% if defined(workspace) %} MINE {% else %} {{error('whose?')}} {% end %}

-- safe: a value that is chosen
SELECT {% if defined(x) %} amount {% else %} 0 - amount {% end %} AS y FROM events
  WHERE MINE

-- safe: with comments
SELECT * /* FROM plans */ FROM events -- WHERE
    WHERE MINE # OR 1

-- safe: a text is no code
SELECT '-- /* \' OR 1' AS x FROM events WHERE MINE AND note != '''' 

-- safe: in the node before
NODE mine
SELECT * FROM events WHERE MINE
NODE endpoint
SELECT count() AS n FROM mine

-- safe: in the node after
NODE all
SELECT * FROM events
NODE endpoint
SELECT * FROM all WHERE MINE

-- safe: rows taken apart
SELECT note, x FROM events ARRAY JOIN [1, 2] AS x WHERE MINE

-- safe: a window over its own
SELECT amount, sum(amount) OVER () AS s FROM events WHERE MINE

-- safe: a scalar of its own
SELECT amount / (SELECT max(amount) FROM events
  WHERE MINE) AS part FROM events
  WHERE MINE

-- safe: one row of its own for each
SELECT e.note, n.amount FROM events AS e
  ANY LEFT JOIN notes AS n ON e.workspace_id = n.workspace_id AND e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}}

-- safe: the nearest of its own
SELECT e.note, n.amount FROM events AS e
  ASOF JOIN (SELECT * FROM notes WHERE MINE) AS n ON e.note = n.note AND e.amount <= n.amount
  WHERE e.workspace_id = {{String(workspace)}}

-- safe: one of a list of columns
SELECT * FROM events WHERE MINE AND note IN (workspace_id)

-- safe: with gaps filled, of its own
SELECT amount, count() AS n FROM events WHERE MINE GROUP BY amount ORDER BY amount WITH FILL

-- safe: a setting that changes no row
SELECT * FROM events WHERE MINE SETTINGS max_threads = 1

-- unsafe: no filter, but its name
SELECT {{String(workspace)}} AS asked_by FROM events

-- unsafe: another operator
SELECT * FROM events WHERE workspace_id != {{String(workspace)}}

-- unsafe: from here on
SELECT * FROM events WHERE workspace_id >= {{String(workspace)}}

-- unsafe: LIKE
SELECT * FROM events WHERE workspace_id LIKE {{String(workspace)}}

-- unsafe: OR
SELECT * FROM events WHERE MINE OR 1

-- unsafe: OR binds less than AND
SELECT * FROM events WHERE amount = 0 OR 1 AND MINE OR 1

-- unsafe: NOT
SELECT * FROM events WHERE NOT (MINE)

-- unsafe: NOT IN
SELECT * FROM events WHERE workspace_id NOT IN ({{String(workspace)}})

-- unsafe: itself
SELECT * FROM events WHERE workspace_id = workspace_id AND {{String(workspace)}} != ''

-- unsafe: another parameter
SELECT * FROM events
  WHERE workspace_id = {{String(other)}} AND {{String(workspace)}} != ''

-- unsafe: another column
SELECT * FROM events WHERE note = {{String(workspace)}}

-- unsafe: a column of that name elsewhere
SELECT * FROM events WHERE x.workspace_id = {{String(workspace)}}

-- unsafe: only within a condition
SELECT * FROM events WHERE 1 {% if defined(workspace) %} AND MINE {% end %}

-- unsafe: not in each branch
SELECT * FROM events
  WHERE {{String(workspace)}} != '' {% if defined(x) %} AND MINE {% end %}

-- unsafe: an OR in a branch
SELECT * FROM events WHERE MINE {% if defined(x) %} OR note = {{String(x)}} {% end %}

-- unsafe: an OR behind an AND in a branch
SELECT * FROM events WHERE MINE {% if defined(x) %} AND amount = 1 OR 1 {% end %}

-- unsafe: in a loop that may not turn
SELECT * FROM events
  WHERE {{String(workspace)}} != '' {% for n in split_to_array(ns, '') %} AND MINE {% end %}

-- unsafe: a default
SELECT * FROM events WHERE workspace_id = {{String(workspace, 'public')}}

-- unsafe: no type
SELECT * FROM events WHERE workspace_id = {{workspace}}

-- unsafe: in a comment
SELECT * FROM events -- WHERE MINE

-- unsafe: an alias hides the column
SELECT {{String(workspace)}} AS workspace_id, note FROM events WHERE MINE

-- unsafe: another column by its name
SELECT note AS workspace_id FROM events WHERE MINE

-- unsafe: a named value by its name
WITH {{String(workspace)}} AS workspace_id SELECT note FROM events WHERE MINE

-- unsafe: an alias in the condition
SELECT note FROM events WHERE ({{String(workspace)}} AS workspace_id) != '' AND MINE

-- unsafe: taken apart by its name
SELECT note FROM events ARRAY JOIN [{{String(workspace)}}] AS workspace_id WHERE MINE

-- unsafe: another column by its name, inside
SELECT * FROM (SELECT note AS workspace_id, amount FROM events) WHERE MINE

-- unsafe: two columns of its name, inside
SELECT * FROM (SELECT *, note AS workspace_id FROM events) WHERE MINE

-- unsafe: replaced inside
SELECT * FROM (SELECT * REPLACE (note AS workspace_id) FROM events) WHERE MINE

-- unsafe: HAVING
SELECT any(workspace_id) AS w, sum(amount) AS s FROM events GROUP BY note HAVING w = {{String(workspace)}}

-- unsafe: an aggregate before
SELECT *
  FROM (SELECT argMax(workspace_id, amount) AS workspace_id, sum(amount) AS s FROM events)
  WHERE MINE

-- unsafe: totals before
SELECT *
  FROM (SELECT workspace_id, sum(amount) AS s FROM events GROUP BY workspace_id WITH ROLLUP)
  WHERE MINE

-- unsafe: a window before
SELECT * FROM (SELECT *, sum(amount) OVER () AS s FROM events) WHERE MINE

-- unsafe: one arm
SELECT note FROM events WHERE MINE UNION ALL SELECT note FROM notes

-- unsafe: one arm, of which twins are left out
SELECT note FROM events UNION DISTINCT SELECT note FROM notes WHERE MINE

-- unsafe: all but its own
SELECT note FROM events EXCEPT SELECT note FROM events WHERE MINE

-- unsafe: without those of others
SELECT note FROM events WHERE MINE EXCEPT SELECT note FROM notes

-- unsafe: arms in another order
SELECT *
  FROM (SELECT workspace_id, note FROM events
  UNION ALL SELECT note, workspace_id FROM notes)
  WHERE MINE

-- unsafe: one of two sources
SELECT n.note FROM events AS e, notes AS n WHERE e.workspace_id = {{String(workspace)}}

-- unsafe: whose of two sources
SELECT e.note FROM events AS e JOIN notes AS n ON e.note = n.note WHERE MINE

-- unsafe: an outer join's ON
SELECT e.note FROM events AS e
  LEFT JOIN plans AS p ON e.note = p.plan AND e.workspace_id = {{String(workspace)}}

-- unsafe: the tenant of the side that a join keeps
SELECT n.note
  FROM (SELECT * FROM events
  WHERE MINE) AS e
  RIGHT JOIN notes AS n ON e.workspace_id = n.workspace_id

-- unsafe: only in a scalar
SELECT note, (SELECT count() FROM events WHERE MINE) AS n FROM events

-- unsafe: only around a scalar
SELECT note, (SELECT sum(amount) FROM events) AS s FROM events WHERE MINE

-- unsafe: only around a condition's query
SELECT note FROM events WHERE MINE AND amount > (SELECT avg(amount) FROM notes)

-- unsafe: a scalar of a WITH
WITH (SELECT sum(amount) FROM events) AS s SELECT s, note FROM events WHERE MINE

-- unsafe: a named query that is not used
WITH a AS (SELECT * FROM events WHERE MINE) SELECT * FROM events

-- unsafe: a node that is not used
NODE mine
SELECT * FROM events WHERE MINE
NODE endpoint
SELECT * FROM events

-- unsafe: a node that another one goes around
NODE mine
SELECT note FROM events WHERE MINE
NODE all
SELECT note FROM events
NODE endpoint
SELECT * FROM mine UNION ALL SELECT * FROM all

-- unsafe: a file of the server
SELECT * FROM file('a.csv') WHERE MINE

-- unsafe: another server
SELECT * FROM remote('a', b.c) WHERE MINE

-- unsafe: an address
SELECT * FROM url('http://a', CSV) WHERE MINE

-- unsafe: all tables
SELECT * FROM merge('', '.*') WHERE MINE

-- unclear: IN others' tenants
SELECT * FROM notes WHERE workspace_id IN (SELECT note FROM events WHERE MINE)

-- unclear: a key of its own
SELECT * FROM notes WHERE note IN (SELECT note FROM events WHERE MINE)

-- unclear: a BETWEEN that takes the filter's AND
SELECT * FROM events WHERE amount BETWEEN 0 {% if defined(x) %} AND 9 {% end %} AND MINE

-- unclear: one of two
SELECT * FROM events WHERE workspace_id IN ({{String(workspace)}}, 'public')

-- unclear: a list of tenants
SELECT * FROM events WHERE workspace_id IN {{Array(workspace, 'String')}}

-- unclear: a function of the column
SELECT * FROM events WHERE lower(workspace_id) = {{String(workspace)}}

-- unclear: what stands in for the column
SELECT * FROM events WHERE coalesce(workspace_id, '') = {{String(workspace)}}

-- unclear: sometimes the column
SELECT * FROM events
  WHERE if(amount > 1, workspace_id, {{String(workspace)}}) = {{String(workspace)}}

-- unclear: a function of the parameter
SELECT * FROM events WHERE workspace_id = lower({{String(workspace)}})

-- unclear: a part of the parameter
SELECT * FROM events WHERE workspace_id = {{String(workspace).split('_')[0]}}

-- unclear: a date by its looks
SELECT * FROM events WHERE workspace_id = {{DateTime(workspace)}}

-- unclear: compared twice
SELECT * FROM events WHERE (MINE) = 0

-- unclear: no column of a tenant
SELECT * FROM plans WHERE plan = {{String(workspace)}}

-- unclear: a table that a request chooses
SELECT * FROM {{table(x)}} WHERE MINE

-- unclear: a table's name goes on
SELECT * FROM events{{Int32(x)}} WHERE MINE

-- unclear: a table that is not there
SELECT * FROM others WHERE MINE

-- unclear: a system's table
SELECT * FROM system.query_log WHERE MINE

-- unclear: conditions that a function writes
SELECT * FROM events WHERE {{sql_and(workspace_id=String(workspace))}}

-- unclear: columns that a request chooses
SELECT {{columns(x, 'note')}} FROM events WHERE MINE

-- unclear: a variable of any text
{% set c = column(x, 'note') %} SELECT {{c}} FROM events WHERE MINE

-- unclear: a list that is added to
{% set l = [] %} {% set _ = l.append(column(x, 'note')) %} SELECT {{l[0]}} FROM events WHERE MINE

-- unclear: a list that a condition adds to
{% set l = [] %} {% if l.append(column(x, 'note')) %}{% end %} SELECT {{l[0]}} FROM events WHERE MINE

-- unclear: a list that a comprehension in a condition adds to
{% set l = [] %} {% if [l.append(c) for c in [column(x, 'note')]] %}{% end %}
  SELECT {{l[0]}} FROM events WHERE MINE

-- unclear: a list that an object's key names
{% set d = {} %} {% set d['a'] = column(x, 'note') %} SELECT {{d['a']}} FROM events WHERE MINE

-- safe: a list of the values of another parameter
{% set l = [] %} {% for n in split_to_array(ns) %}{% set _ = l.append(String(n)) %}{% end %}
  SELECT * FROM events WHERE MINE AND note IN {{l}}

-- safe: a list with the value in it
{% set l = [] %} {% set _ = l.append(String(workspace)) %} SELECT * FROM events WHERE MINE

-- unsafe: a value that a condition adds to
{% if workspace.append('other') %}{% end %} SELECT * FROM events WHERE MINE

-- unsafe: a value that a branch adds to
{% if x %}{% elif workspace.append('other') %}{% end %} SELECT * FROM events WHERE MINE

-- unsafe: a value that a loop adds to
{% for n in [workspace.append('other')] %}{% end %} SELECT * FROM events WHERE MINE

-- unsafe: a value that is added to within a list
{% set _ = [workspace.append('other')] %} SELECT * FROM events WHERE MINE

-- unsafe: a value that is added to within a comprehension
{% set _ = [w.append('other') for w in [workspace]] %} SELECT * FROM events WHERE MINE

-- unsafe: a value that is added to under another name
{% set w = workspace %} {% set _ = w.append('other') %} SELECT * FROM events WHERE MINE

-- unsafe: a value that is added to under the name of a loop
{% for w in [workspace] %}{% set _ = w.append('other') %}{% end %} SELECT * FROM events WHERE MINE

-- unsafe: a value that is changed under another name
{% set w = (workspace if True else 1) %} {% set w[0] = 'o' %} SELECT * FROM events WHERE MINE

-- unsafe: a value that is changed within another list
{% set l = [] %} {% set _ = l.append(workspace) %} {% set _ = l[0].append('other') %}
  SELECT * FROM events WHERE MINE

-- unsafe: a value that is changed under the third name
{% set a = workspace %} {% set b = [a] %} {% set c = b[0] %} {% if c.append('o') %}{% end %}
  SELECT * FROM events WHERE MINE

-- unsafe: a value that the pipe changes
{% set workspace[0] = 'other' %} SELECT * FROM events WHERE MINE

-- unsafe: a value that the pipe adds to
{% set _ = workspace.append('other') %} SELECT * FROM events WHERE MINE

-- unclear: too many ways
SELECT 1 {% if defined(p0) %}, 0 {% end %}{% if defined(p1) %}, 1 {% end %}{% if defined(p2) %}, 2 {% end %}{% if defined(p3) %}, 3 {% end %}{% if defined(p4) %}, 4 {% end %}{% if defined(p5) %}, 5 {% end %} FROM events WHERE MINE

-- unclear: a loop
SELECT * FROM events
  WHERE MINE AND ({% for n in split_to_array(ns, 'a') %} note = {{n}} OR {% end %} 0)

-- unsafe: a try
SELECT * FROM events WHERE {% try %} MINE {% except %} 1 {% end %}

-- unclear: no SQL
SELECT FROM WHERE MINE

-- unclear: not a SELECT
EXPLAIN SELECT * FROM events WHERE MINE

-- unclear: two statements
SELECT * FROM events WHERE MINE; SELECT * FROM events

-- unclear: a comment in a comment, which may end after the filter
SELECT * FROM events WHERE /* /* */ MINE AND -- */
  1

-- unclear: a text between dollars
SELECT $a$ FROM events WHERE MINE $a$ AS x FROM events

-- unclear: functions of its own
WITH (a, b) -> 1 AS equals SELECT * FROM events WHERE MINE

-- unclear: a table by name after IN
SELECT * FROM events WHERE MINE AND note IN notes

-- unclear: a table by name in in()
SELECT * FROM events WHERE MINE AND in(note, notes)

-- unclear: a table by name in a function
SELECT joinGet('notes', 'note', amount) AS x FROM events WHERE MINE

-- unclear: a circle of its own
WITH RECURSIVE a AS (SELECT * FROM events WHERE MINE) SELECT * FROM a

-- unclear: a named query by a table's name
WITH events AS (SELECT * FROM notes WHERE MINE) SELECT * FROM events

-- unclear: columns with new names
SELECT *
  FROM (SELECT note, workspace_id FROM events) AS x(workspace_id, note)
  WHERE MINE

-- unclear: a query's rows before the filter
SELECT * FROM (SELECT *, neighbor(amount, 1) AS x FROM events) WHERE MINE

-- unclear: the first rows before the filter
SELECT * FROM (SELECT * FROM events ORDER BY amount LIMIT 3) WHERE MINE

-- unclear: a sample of so many rows, whosever they are
SELECT * FROM events SAMPLE 100 WHERE MINE

-- unclear: a sample of so many rows of the newest version
SELECT * FROM events FINAL SAMPLE 100 WHERE MINE

-- unclear: a join in brackets
SELECT 1 AS x FROM (events JOIN notes USING (note)) WHERE MINE

-- unclear: a name that is not plain
SELECT note AS `a b` FROM events WHERE MINE

-- unclear: a column's name goes on
SELECT * FROM events WHERE MINE AND note{{Int32(x)}} = 1

-- unclear: no error when it is missing
SELECT * FROM events WHERE workspace_id = {{String(workspace, defined=False)}} AND {{String(workspace)}} != ''

-- unclear: a name that the lint makes up
SELECT * FROM events WHERE workspace_id = tb_made_up_value_0_ AND {{String(workspace)}} != ''

-- unsafe: a join that keeps what does not match
SELECT e.note FROM events AS e LEFT ANTI JOIN notes AS n
  ON e.workspace_id = n.workspace_id WHERE e.workspace_id = {{String(workspace)}}

-- unclear: the first rows of two arms before the filter
SELECT * FROM ((SELECT workspace_id, note FROM events) UNION ALL (SELECT workspace_id, note FROM notes) LIMIT 2) WHERE MINE

-- unclear: a named query with new names
WITH q(note, workspace_id) AS (SELECT workspace_id, note FROM events) SELECT * FROM q WHERE MINE

-- unclear: a table of another database by a node's name
NODE mine
SELECT * FROM events WHERE MINE
NODE endpoint
SELECT * FROM other.mine

-- unsafe: IN its own tenant, in one branch only
NODE keys
{% if defined(x) %} SELECT workspace_id FROM events WHERE MINE
{% else %} SELECT n AS workspace_id FROM (SELECT note AS n FROM events WHERE MINE) {% end %}
NODE endpoint
SELECT * FROM notes WHERE workspace_id IN (SELECT workspace_id FROM keys)

-- unclear: IN its own tenant, in one arm only
SELECT * FROM notes WHERE workspace_id IN
  (SELECT workspace_id FROM events WHERE MINE UNION ALL SELECT n AS workspace_id FROM (SELECT note AS n FROM events WHERE MINE))

-- unsafe: filtered by what a query beside it gave
SELECT * FROM (SELECT workspace_id, note IN (SELECT workspace_id FROM events) AS s FROM notes) WHERE MINE

-- unclear: two sources of one name
SELECT 1 AS x FROM events AS e, notes AS e WHERE e.workspace_id = {{String(workspace)}}

-- unsafe: an alias of a part of another column
SELECT x.workspace_id AS workspace_id FROM events WHERE MINE

-- unclear: IN a tenant that an outer join leaves empty
SELECT * FROM notes WHERE workspace_id IN (SELECT b.workspace_id FROM (SELECT * FROM events WHERE MINE) AS a
  LEFT JOIN (SELECT * FROM notes WHERE MINE) AS b ON a.note = b.note)

-- unclear: IN a tenant that an outer join's ON leaves empty
SELECT * FROM notes WHERE workspace_id IN (SELECT b.workspace_id FROM (SELECT * FROM events WHERE MINE) AS a
  LEFT JOIN notes AS b ON a.note = b.note AND b.workspace_id = {{String(workspace)}})

-- unsafe: joined by one of two tenants
SELECT c.note FROM (SELECT * FROM events WHERE MINE) AS a JOIN (SELECT n AS workspace_id, n AS note FROM (SELECT note AS n FROM notes WHERE MINE)) AS b
  ON a.note = b.note JOIN events AS c USING (workspace_id)

-- unsafe: a source by the column's name
SELECT note FROM events AS workspace_id WHERE MINE

-- unsafe: a source by another column's name
SELECT 1 AS x FROM events AS note WHERE note.workspace_id = {{String(workspace)}}

-- unsafe: an alias by the source's name
SELECT tuple({{String(workspace)}}) AS e FROM events AS e WHERE e.workspace_id = {{String(workspace)}}

-- unsafe: joined USING the tenant, but keeping the right side
SELECT n.note FROM events RIGHT JOIN (SELECT * FROM notes WHERE MINE) AS n USING (workspace_id, note) WHERE MINE

-- unsafe: two columns of its name, inside, the other way round
SELECT * FROM (SELECT note AS workspace_id, * FROM events) WHERE MINE

-- unsafe: beside columns by a pattern
SELECT * FROM (SELECT workspace_id, COLUMNS('note') FROM events) WHERE MINE

-- unsafe: a column of another database's table
SELECT * FROM events WHERE x.events.workspace_id = {{String(workspace)}}

-- unclear: a table by name in brackets after IN
SELECT note FROM events WHERE MINE AND ('b', 'x', 80) IN (notes)

-- unclear: a table by name in two brackets after IN
SELECT note FROM events WHERE MINE AND ('b', 'x', 80) NOT IN ((notes))

-- unclear: a setting that reads another table
SELECT * FROM events WHERE MINE
  SETTINGS additional_table_filters = {'events': 'amount < (SELECT count() FROM notes)'}

-- unclear: a setting that says what to read
SELECT note SETTINGS implicit_table_at_top_level = 'events'

-- unclear: a setting that leaves rows out before the filter
SELECT * FROM (SELECT * FROM events ORDER BY amount DESC SETTINGS limit = 1) WHERE MINE

-- unclear: a setting after a UNION
SELECT note FROM events WHERE MINE UNION ALL SELECT note FROM notes WHERE MINE SETTINGS limit = 1

-- unclear: a format that tells of the rows that were read
SELECT note FROM events WHERE MINE FORMAT JSON

-- unclear: gaps filled up to others' rows
SELECT note, c FROM
  (SELECT workspace_id, note, amount AS c FROM events ORDER BY c WITH FILL INTERPOLATE (workspace_id))
  WHERE MINE

-- unsafe: joined by a tenant that filled gaps leave empty
SELECT n.note FROM notes AS n
  JOIN (SELECT workspace_id, amount FROM events WHERE MINE ORDER BY amount WITH FILL TO 5) AS e
  ON e.workspace_id = n.workspace_id

-- unclear: the nearest of everyone's before the filter
SELECT e.note, n.amount FROM (SELECT workspace_id, note, amount + 100 AS amount FROM events) AS e
  ASOF JOIN notes AS n ON e.note = n.note AND e.amount >= n.amount
  WHERE e.workspace_id = {{String(workspace)}} AND n.workspace_id = {{String(workspace)}}

-- unclear: any of everyone's before the filter
SELECT e.note, n.amount FROM events AS e
  ANY LEFT JOIN (SELECT * FROM notes ORDER BY amount DESC) AS n ON e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}} AND n.workspace_id = {{String(workspace)}}

-- unclear: any of everyone's before the filter, the other way round
SELECT e.note, n.amount FROM (SELECT * FROM notes ORDER BY amount DESC) AS n
  ANY RIGHT JOIN events AS e ON e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}} AND n.workspace_id = {{String(workspace)}}

-- unclear: one that matches among everyone's
SELECT e.note, n.amount FROM (SELECT * FROM events WHERE MINE) AS e
  LEFT SEMI JOIN (SELECT * FROM notes ORDER BY amount DESC) AS n ON e.note = n.note
  WHERE n.workspace_id = {{String(workspace)}}

-- unclear: side by side before the filter
SELECT * FROM (SELECT workspace_id FROM events) AS a
  PASTE JOIN (SELECT workspace_id AS w, note FROM notes ORDER BY amount DESC) AS b
  WHERE a.workspace_id = {{String(workspace)}} AND b.w = {{String(workspace)}}


-- safe: any of its own for each
SELECT e.note, n.amount FROM events AS e
  ANY LEFT JOIN (SELECT * FROM notes WHERE MINE) AS n ON e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}}

-- safe: any of its own for each, the other way round
SELECT e.note, n.amount FROM (SELECT * FROM notes WHERE MINE) AS n
  ANY RIGHT JOIN events AS e ON e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}}

-- unclear: any of both sides before the filter
SELECT e.note, n.amount FROM events AS e
  ANY JOIN (SELECT * FROM notes WHERE MINE) AS n ON e.note = n.note
  WHERE e.workspace_id = {{String(workspace)}}

-- safe: a text by a table's name after IN
SELECT * FROM events WHERE MINE AND note IN ('notes')

-- unsafe: a function of another column
SELECT * FROM events WHERE lower(note) = lower({{String(workspace)}})

-- unsafe: IN another column
SELECT n.note FROM (SELECT * FROM events WHERE MINE) AS e
  JOIN notes AS n ON e.note = n.note WHERE n.workspace_id IN (e.workspace_id)

-- unclear: a function that may look at other rows before the filter
SELECT * FROM (SELECT workspace_id, upper(note) AS n FROM events) WHERE MINE

-- unclear: a table's columns with new names
SELECT * FROM events AS x(note, workspace_id) WHERE MINE

-- unclear: a table that a parameter of ClickHouse chooses
SELECT * FROM {events:Identifier} WHERE MINE

-- unclear: a query within a table function
SELECT * FROM view(SELECT * FROM events) WHERE MINE

-- unclear: a table of another database by the name of one with made-up rows
SELECT * FROM other.one

-- unclear: a query in brackets, of which only some rows are left before the filter
SELECT * FROM ((SELECT workspace_id, note FROM events) LIMIT 2) WHERE MINE

-- unclear: a value of a WITH that nothing uses
WITH joinGet('notes', 'note', 1) AS a SELECT * FROM events WHERE MINE

-- unsafe: a node by the name of what it reads
NODE events
SELECT note FROM events
NODE endpoint
SELECT * FROM events WHERE {{String(workspace)}} != ''

-- unsafe: two arms, and a request chooses the order of one's columns
NODE some
{% if defined(x) %} SELECT note, workspace_id FROM events
{% else %} SELECT workspace_id, note FROM events {% end %}
NODE endpoint
SELECT * FROM (SELECT * FROM some UNION ALL SELECT workspace_id, note FROM notes) WHERE MINE
