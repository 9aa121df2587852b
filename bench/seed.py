"""Large houses by SQL: requests by the million, catalog entries by the hundred thousand, without a use case for each."""

from hashlib import md5

from psycopg import Connection

KNOWN = """
SELECT u.id AS requester, v.id AS version FROM users u, catalog_versions v
WHERE u.subject = 'sarah-123' AND v.kind = 'item' AND v.name = 'five-steps'
"""
OWNERS = "jsonb_build_array((ARRAY['platform-data-team', 'platform-compute-team', 'platform-solutions-team'])[1 + n %% 3])"
REQUESTS = f"""
INSERT INTO service_requests (request_id, title, catalog_kind, catalog_name, catalog_title, catalog_version,
    catalog_version_id, status, requester_id, requester_user_id, requester_team, requester_email, owner_teams,
    created_at, updated_at, completed_at, last_event, bundle_parameters, item_parameters, selected, outputs)
SELECT %(prefix)s || lpad(to_hex(n), 6, '0'), 'Order ' || n, 'item', 'five-steps', 'Five steps', '1.0.0', known.version,
    CASE WHEN %(ready)s THEN 'submitted' WHEN n %% 20 = 0 THEN 'failed' ELSE 'completed' END,
    CASE WHEN n %% 5 = 0 THEN known.requester ELSE somebody.id END,
    CASE WHEN n %% 5 = 0 THEN 'sarah-123' ELSE somebody.subject END,
    CASE WHEN n %% 5 = 0 THEN 'customer-experience' WHEN n <= 3 THEN 'growth' ELSE 'team-' || n %% 200 END,
    'somebody@example.com', {OWNERS}, started.at, started.at, CASE WHEN %(ready)s THEN NULL ELSE started.at END, 15,
    '{{}}', '{{"five_steps": {{}}}}', '{{"five_steps": true}}', '{{}}'
FROM generate_series(1, %(number)s) AS n,
    ({KNOWN}) AS known, (SELECT id, subject FROM users WHERE subject = 'dana-001') AS somebody,
    LATERAL (SELECT clock_timestamp() - interval '400 days' + n * interval '30 seconds' AS at) AS started
"""
TEAMS = """
INSERT INTO request_teams (team, created_at, request_id)
SELECT DISTINCT seen.team, r.created_at, r.id FROM service_requests r,
    LATERAL (SELECT r.requester_team UNION ALL SELECT jsonb_array_elements_text(r.owner_teams)) AS seen (team)
WHERE r.request_id LIKE %(prefix)s || '%%'
ON CONFLICT DO NOTHING
"""
STEPS = """
INSERT INTO request_steps (request_id, step_id, step_name, step_title, step_type, item_alias, owner_team, step_config,
    depends_on, status, position, request_number, attempt, group_attempt, started_at, completed_at, handle, outputs,
    sensitive_outputs)
SELECT r.id, 'step-' || lpad(p::text, 3, '0'), 'step_' || p, 'Step ' || p, 'Noop', 'five_steps', 'platform-solutions-team',
    '{"template": {}, "outputs": {}, "undo": "nothing"}', '[]', CASE WHEN %(ready)s THEN 'ready' ELSE 'completed' END, p,
    r.number, CASE WHEN %(ready)s THEN 0 ELSE 1 END, CASE WHEN %(ready)s THEN 0 ELSE 1 END,
    CASE WHEN %(ready)s THEN NULL ELSE r.created_at END, r.completed_at, '{}', '{}', '[]'
FROM service_requests r, generate_series(1, 5) AS p
WHERE r.request_id LIKE %(prefix)s || '%%' AND r.number > %(after)s
"""
ITEMS = """
INSERT INTO bundle_request_items (request_id, catalog_item, alias, title, version, catalog_version_id, owner, parameters,
    position)
SELECT r.id, 'five-steps', 'five_steps', 'Five steps', '1.0.0', r.catalog_version_id, 'platform-solutions-team', '{}', 1
FROM service_requests r WHERE r.request_id LIKE %(prefix)s || '%%' AND r.number > %(after)s
"""
TICKETS = """
INSERT INTO manual_tickets (ticket_id, request_id, step_id, ticket_system, ticket_type, status, owner_team, title,
    instructions, inputs, outputs_form, created_at)
SELECT 'TCK-' || r.request_id, r.id, s.id, 'internal', 'failure',
    CASE WHEN r.number %% 400 = 0 THEN 'open' ELSE 'resolved' END, r.owner_teams ->> 0, 'By hand', 'With care', '{}',
    '{"fields": []}', r.created_at
FROM service_requests r JOIN request_steps s ON s.request_id = r.id AND s.position = 5
WHERE r.request_id LIKE %(prefix)s || '%%' AND r.number > %(after)s AND r.status = 'failed'
"""
EVENTS = """
INSERT INTO request_events (request_id, number, occurred_at, kind, actor, step_id, payload)
SELECT r.id, n, r.created_at, 'step.completed', 'worker:bench', 'step-001', '{"name": "step_1"}'
FROM service_requests r, generate_series(1, 15) AS n
WHERE r.request_id LIKE %(prefix)s || '%%' AND r.number > %(after)s
"""
VOCABULARY = 20_000
WORD = "translate(left(md5((({n}) %% 20000)::text), 8), '0123456789', 'ghijklmnop')"
"""A word of eight letters, one of so many: a catalog of a hundred thousand entries does not say the same thing all the time."""
SPOKEN = {"first": "n", "second": "n * 7 + 1"}
"""Which two of them the description of entry `n` has."""
ENTRIES = """
INSERT INTO catalog_{kind}s (name, title, version, description, owner, category, tags, presentation, definition, document,
    source_path, source_hash{more})
SELECT 'made-' || n || '-{kind}', 'Made ' || n, '1.0.0',
    'Entry number ' || n || ' of a large catalog, ' || {first} || ' ' || {second},
    'team-' || n %% 200, 'bench',
    CASE WHEN n <= 3 THEN '["made", "few"]'::jsonb ELSE jsonb_build_array('made', 'tag-' || n %% 500) END,
    '{{}}', '{{"icon": "zap"}}', '{{}}', 'bench/made-' || n || '.yaml', md5(n::text){value}
FROM generate_series(1, %(number)s) AS n
"""
SETTLE = (
    "service_requests",
    "request_teams",
    "request_steps",
    "bundle_request_items",
    "request_events",
    "catalog_items",
    "catalog_bundles",
    "catalog_words",
    "catalog_facets",
)


def requests(connection: Connection, number: int, *, prefix: str, ready: bool = False, with_steps: int | None = None) -> None:
    """So many requests of five steps, all completed or (`ready`) all waiting for workers.

    A fifth are Sarah's, three belong to a team that has no more. with_steps: so many of the newest have steps and events too.
    Needs a superuser: foreign keys are not looked at one by one, and no trigger runs.
    """
    connection.execute("SET session_replication_role = replica")
    given = {"number": number, "prefix": prefix, "ready": ready}
    connection.execute(REQUESTS, given)
    connection.execute(TEAMS, given)
    found = connection.execute(
        "SELECT coalesce(max(number), 0) FROM service_requests WHERE request_id LIKE %s", [f"{prefix}%"]
    ).fetchone()
    newest = int(found[0]) if found else 0
    after = newest - (number if with_steps is None else min(with_steps, number))
    for statement in (STEPS, ITEMS, EVENTS, TICKETS):
        connection.execute(statement, {**given, "after": after})


def entries(connection: Connection, number: int) -> None:
    """So many more catalog entries, a tenth of them bundles. They can be listed and found, not ordered."""
    bundles = number // 10
    for kind, count in (("item", number - bundles), ("bundle", bundles)):
        more, value = (", bundle_definition", ", '{}'") if kind == "bundle" else ("", "")
        words = {name: WORD.format(n=of) for name, of in SPOKEN.items()}
        connection.execute(ENTRIES.format(kind=kind, more=more, value=value, **words), {"number": count})
    connection.execute("SELECT catalog_count()")


def words(number: int) -> tuple[str, str]:
    """The two words that the description of entry `number` has besides those of all entries."""
    digits = (md5(str(of % VOCABULARY).encode(), usedforsecurity=False).hexdigest()[:8] for of in (number, number * 7 + 1))
    first, second = (text.translate(str.maketrans("0123456789", "ghijklmnop")) for text in digits)
    return first, second


def settle(connection: Connection) -> None:
    """Let PostgreSQL look at its tables, as it does by itself after a while."""
    for table in SETTLE:
        connection.execute(f"VACUUM (ANALYZE) {table}")
    connection.execute("CHECKPOINT")
