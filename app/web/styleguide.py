"""The style guide: every component in every state, with made-up data. Registered in the development profile only."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.identity.guard import public
from app.web.filters import day_and_time
from app.web.labels import STATES, Label, due, label
from app.web.requests.graph import GraphStep, layout
from app.web.views_fields import Choice, Entry, FieldView

blueprint = Blueprint("styleguide", __name__)
NOW = datetime(2025, 8, 16, 15, 45, tzinfo=UTC)
COLOURS = {
    "page": "behind everything",
    "raised": "panels, inputs, buttons",
    "sunken": "logs, code, fixed values",
    "hover": "row under the pointer, counts",
    "line": "hairlines",
    "line-2": "edges of buttons, table heads",
    "control": "edges of inputs, 3:1",
    "text": "what is read first",
    "text-2": "supporting text",
    "text-3": "labels, units, help",
    "accent": "links, focus, selection, what runs, your move",
    "accent-2": "accent under the pointer",
    "accent-tint": "behind what is selected or runs",
    "on-accent": "text on accent",
    "good": "done, healthy",
    "good-tint": "behind it",
    "warn": "a person is needed, due soon",
    "warn-tint": "behind it",
    "bad": "failed, late, destructive",
    "bad-tint": "behind it",
}
SPACES = (4, 8, 12, 16, 20, 24, 32, 40, 48, 64)


@blueprint.get("/styleguide")
@public
def show() -> ResponseReturnValue:
    """Everything on one page."""
    return render_template(
        "styleguide.html",
        colours=COLOURS,
        spaces=SPACES,
        states_shown=_states(),
        every_step=[layout([step]) for step in _every_step()],
        graph=layout(_story()),
        crowd=layout(_crowd()),
        fields=_fields(),
        groups=_field_groups(),
        tickets=_tickets(),
        offers=_offers(),
        plan=_plan(),
        unpriced=_unpriced(),
        lines=_lines(),
        outputs_shown=_outputs(),
        events=_events(),
    )


def _states() -> list[tuple[str, Label]]:
    """Every code of the map, then the same ones with a name, and due times."""
    plain = [(code, label(code)) for code in STATES]
    named = [
        ("pending_approval, mine", label("pending_approval", mine=True)),
        ("awaiting_manual, who", label("awaiting_manual", who="platform-data-team")),
        ("completed, by", label("completed", by="Carol")),
        ("waiting, who", label("waiting", who="GitHub")),
        ("claimed, mine", label("claimed", mine=True)),
        ("claimed, who", label("claimed", who="Carol")),
        ("due soon", due(NOW + timedelta(minutes=28), NOW)),
        ("past due", due(NOW - timedelta(minutes=25), NOW)),
    ]
    return plain + named


def _step(key: str, title: str, state: Label, note: str, *needs: str, **more: Any) -> GraphStep:
    return GraphStep(key, title, state, "#graph", needs, note, **more)


def _said(code: str, words: str, **names: Any) -> Label:
    """The label of a code with the words that a step shows: its state and how long."""
    found = label(code, **names)
    return Label(found.tone, found.glyph, words)


def _story() -> list[GraphStep]:
    done, running = _said("completed", "Done in 2 min 30 s"), _said("running", "Running for 8 min")
    failed = _said("failed", "Failed after 3 min")
    return [
        _step("eks", "EKS app", done, "Terraform, usual 3 min", short_note="usual 3 min", share=1.0, done=True),
        _step("postgres", "PostgreSQL", failed, "With Carol since 10:38", "eks", short_note="With Carol, 10:38", share=0.43),
        _step("redis", "Redis", _said("completed", "Done in 1 min 40 s"), "Terraform, usual 2 min", share=1.0, done=True),
        _step("monitoring", "Monitoring", running, "GitHub, usual 10 min", "eks", short_note="usual 10 min", share=0.8),
        _step("connections", "Connections", label("pending"), "Waits for PostgreSQL", "eks", "postgres", "redis"),
    ]


def _every_step() -> list[GraphStep]:
    """One step in each state that a step can show."""
    return [
        _step("not-started", "PostgreSQL", label("pending"), "Waits for EKS app"),
        _step("queued", "PostgreSQL", label("ready"), "Next free worker"),
        _step("running", "PostgreSQL", _said("running", "Running for 8 min"), "usual 10 min", share=0.8),
        _step("verifying", "PostgreSQL", label("verifying"), "usual 10 s", share=0.9),
        _step("waiting", "PostgreSQL", label("waiting", who="GitHub"), "asks again in 30 s", share=0.8),
        _step("yours", "PostgreSQL", label("awaiting_manual", mine=True), "Manual task"),
        _step("person", "PostgreSQL", label("awaiting_manual", who="Carol"), "since 10:38"),
        _step("failed", "PostgreSQL", _said("failed", "Failed after 3 min"), "With Carol since 10:38", share=0.43),
        _step("unknown", "PostgreSQL", label("indeterminate"), "Outcome unknown", share=0.8),
        _step("finding-out", "PostgreSQL", _said("indeterminate", "Finding out"), "what became of it"),
        _step("stopping", "PostgreSQL", _said("running", "Asked to stop"), "Terraform"),
        _step("done", "PostgreSQL", _said("completed", "Done in 2 min 30 s"), "usual 3 min", share=1.0),
        _step("by-hand", "PostgreSQL", label("completed", by="Carol"), "By hand", share=1.0),
        _step("skipped", "PostgreSQL", label("skipped"), "Redis is not included"),
        _step("left-out", "PostgreSQL", _said("skipped", "Left out by Carol"), ""),
        _step("cancelled", "PostgreSQL", label("cancelled"), "at 11:20"),
        _step("undo-next", "PostgreSQL", _said("ready", "Is undone next"), "Terraform"),
        _step("undoing", "PostgreSQL", _said("rolling_back", "Being undone"), "Terraform"),
        _step(
            "rolled-back", "A title that is longer than its box", label("rolled_back"), "at 11:20, together with all the rest"
        ),
    ]


def _crowd() -> list[GraphStep]:
    """More steps side by side, and one after another, than a phone or a column holds."""
    first = [_step(f"zone-{n}", f"Zone {n}", label("ready"), "Next free worker") for n in range(1, 5)]
    keys = [step.key for step in first]
    after = [("network", "Network", keys), ("cluster", "Cluster", ["network"]), ("names", "Names", ["cluster", keys[0]])]
    return first + [_step(key, title, label("pending"), "", *needs) for key, title, needs in after]


def _times() -> list[FieldView]:
    return [
        FieldView(
            "sg-date", "sg-date", "Expires on", "date", help="Date", value="2025-09-30", minimum="2025-08-17", required=True
        ),
        FieldView(
            "sg-moment", "sg-moment", "Starts at", "datetime", help="Date and time", value="2025-09-30T09:00", required=True
        ),
        FieldView("sg-time", "sg-time", "Backup at", "time", help="Time", value="03:10", required=True),
    ]


def _fields() -> dict[str, FieldView]:
    views = [
        FieldView("sg-text", "sg-text", "App name", help="At rest", value="customer-portal-api", required=True),
        FieldView("sg-optional", "sg-optional", "Alias", help="With a placeholder", placeholder="customer-portal"),
        FieldView(
            "sg-error",
            "sg-error",
            "Database name",
            help="Lowercase letters, digits and underscores",
            value="customer-portal-db",
            errors=("The database name may not contain hyphens.",),
            required=True,
        ),
        FieldView(
            "sg-select-error",
            "sg-select-error",
            "Team",
            "select",
            choices=(Choice("customer-experience", "customer-experience"), Choice("growth", "growth")),
            errors=("The team must be chosen.",),
            required=True,
        ),
        FieldView(
            "sg-number",
            "sg-number",
            "Storage",
            "number",
            value="250",
            minimum="20",
            maximum="1000",
            unit="GB",
            has_default=True,
        ),
        FieldView("sg-suffix", "sg-suffix", "Replicas", "number", value="3", suffix="of 10 at most", has_default=True),
        FieldView(
            "sg-suggest",
            "sg-suggest",
            "Region",
            help="Text with suggestions",
            value="eu-central-1",
            choices=(Choice("eu-central-1", "Frankfurt"), Choice("eu-north-1", "Stockholm")),
            required=True,
        ),
        *_times(),
        FieldView("sg-long", "sg-long", "Reason", "textarea", help="Long text", value="A test database still uses that group."),
        FieldView(
            "sg-mono",
            "sg-mono",
            "Connection string",
            "textarea",
            help="For machines",
            value="postgresql://db:5432/portal",
            mono=True,
        ),
        FieldView("sg-secret", "sg-secret", "Password", help="Secret", value="********", required=True, input_type="password"),
        FieldView("sg-file", "sg-file", "Values", "file", help="File", value="upl-1", note="values.yaml, 2 KB"),
        FieldView("sg-fixed", "sg-fixed", "App type", "fixed", value="web-frontend", note="set by this bundle"),
    ]
    return {view.id: view for view in views}


def _field_groups() -> list[FieldView]:
    """Fields of several controls, and single boxes."""
    environments = tuple(Choice(name, name) for name in ("dev", "staging", "prod"))
    sizes = (Choice("small", "Small", "2 GB memory"), Choice("large", "Large", "8 GB memory"))
    classes = tuple(Choice(f"db.t3.{size}", f"db.t3.{size}") for size in ("micro", "small", "medium", "large"))
    return [
        FieldView("sg-seg", "sg-seg", "Environment", "segments", value="staging", choices=environments, required=True),
        FieldView(
            "sg-seg-error",
            "sg-seg-error",
            "Environment",
            "segments",
            choices=environments,
            errors=("The environment must be chosen.",),
            required=True,
        ),
        FieldView("sg-sel", "sg-sel", "Instance class", "select", value="db.t3.medium", choices=classes, has_default=True),
        FieldView("sg-radio", "sg-radio", "Size", "radio", value="small", choices=sizes, required=True),
        FieldView("sg-checks", "sg-checks", "Alerts", "checks", help="Two at least", picked=("small",), choices=sizes),
        FieldView("sg-check", "sg-check", "High availability", "check", help="Runs the database in two zones.", checked=True),
        FieldView("sg-switch", "sg-switch", "Public", "switch", help="Everybody can reach it.", checked=False),
        FieldView("sg-picks", "sg-picks", "Networks", "picks", picked=("db.t3.small",), choices=classes),
        FieldView("sg-json", "sg-json", "Settings", "json", value='{\n  "log": "debug"\n}', mono=True, rows=5),
        _rules(),
    ]


def _rules() -> FieldView:
    """A list of objects: one row that is there, and the one that a script adds."""

    def row(number: str, spoken: str) -> Entry:
        name, key = f"sg-rules.{number}", f"sg-rules-{number}"
        protocols = (Choice("tcp", "tcp"), Choice("udp", "udp"))
        fields = [
            FieldView(f"{name}.port", f"{key}-port", "Port", "number", value="443", required=True),
            FieldView(f"{name}.how", f"{key}-how", "Protocol", "select", value="tcp", choices=protocols, required=True),
        ]
        return Entry(number, f"Rule {spoken}", fields, kept=True)

    place = [FieldView("sg-place.city", "sg-place-city", "City", value="Frankfurt", required=True)]
    parts = [FieldView("sg-place", "sg-place", "Place", "object", parts=place, required=True)]
    return FieldView(
        "sg-outer",
        "sg-outer",
        "Firewall",
        "object",
        required=True,
        parts=[
            *parts,
            FieldView(
                "sg-rules",
                "sg-rules",
                "Rules",
                "list",
                help="Which traffic is let in",
                entries=[row("0", "1")],
                blank=row("__1__", "__1n__"),
                most=20,
            ),
        ],
    )


def _tickets() -> dict[str, Any]:
    columns = [
        {"words": "What is to do"},
        {"words": "State"},
        {"words": "Steps"},
        {"words": "Age", "num": True, "sort": "descending", "href": "#tables"},
        {"words": "Actions", "hidden": True},
    ]
    codes = ["completed", "running", "completed", "failed", "pending"]
    rows = [
        {"title": "Resolve subnet group conflict", "code": "open", "who": "", "steps": codes, "age": 3720},
        {"title": "Approve the storage class", "code": "claimed", "who": "Carol", "steps": codes, "age": 540, "picked": True},
    ]
    teams = FieldView("sg-team", "team", "Team", "select", choices=(Choice("", "All my teams"), Choice("growth", "growth")))
    search = FieldView("sg-q", "q", "Search tickets", placeholder="Ticket, request, error or person", input_type="search")
    return {"columns": columns, "rows": rows, "teams": teams, "search": search}


def _offers() -> list[dict[str, Any]]:
    def entry(title: str, icon: str, owner: str, **more: Any) -> dict[str, Any]:
        tags = [("database", "#tables"), ("storage", "#tables")]
        facts = [("From, a month", "$15.44"), ("Usual time", "7 min"), ("Needs a person", "1 in 13")]
        shared = {
            "version": "2.1.0",
            "description": "As its owner describes it",
            "href": "#tables",
            "tags": tags,
            "facts": facts,
        }
        return {"title": title, "icon": icon, "owner": owner, **shared, **more}

    return [
        entry("PostgreSQL Database", "database", "platform-data-team", order="#tables"),
        entry(
            "Dedicated GPU Node",
            "server",
            "platform-compute-team",
            note="deprecated",
            refused="Only teams in data-science may order it. Ask platform-compute-team to add customer-experience.",
            refused_short="Not your team",
        ),
    ]


def _plan() -> dict[str, Any]:
    return {
        "price": "$256.03",
        "per": "a month",
        "promise": "Nothing is built before you confirm.",
        "lines": [("EKS app, 3 replicas", "$72.00"), ("Redis, cache.t3.micro", "$12.41")],
        "quota_of": "customer-experience",
        "quotas": [
            {"name": "vCPU", "used": 22, "plus": 6, "limit": 40},
            {"name": "Databases", "used": 3, "plus": 1, "limit": 5, "warn": True},
            {"name": "Storage", "used": 870, "plus": 150, "limit": 1000, "unit": "GB"},
        ],
        "approvals": "None for staging. Orders for prod need one from platform-solutions-team.",
        "about": "Usually 13 min. A person was needed in 3 of the last 40 orders.",
        "steps": [("EKS app, Redis", "3 min"), ("PostgreSQL, Monitoring", "10 min"), ("Connections", "20 s")],
    }


def _unpriced() -> dict[str, Any]:
    """A price that cannot be worked out, and an item that has none."""
    return {"unknown": ["“Allocated storage” has no answer"], "without": "Without Redis Cache, which has no price"}


def _lines() -> list[dict[str, Any]]:
    texts = [
        "aws_security_group.postgres: Creation complete after 4s",
        "\x1b[1maws_db_subnet_group.postgres: Still creating...\x1b[0m [2m10s elapsed]",
        "Error: Error creating RDS instance: subnet group conflicts with existing resources",
    ]
    return [
        {"number": 114 + n, "at": NOW - timedelta(minutes=9, seconds=8 - n), "text": text, "failed": text.startswith("Error")}
        for n, text in enumerate(texts)
    ]


def _outputs() -> list[dict[str, Any]]:
    app = [
        {"name": "service_url", "value": "https://customer-portal-api.staging.example.com"},
        {"name": "replicas", "value": 3},
    ]
    data = [
        {
            "name": "connection_string",
            "value": "postgresql://customer_portal_db.staging.rds.amazonaws.com:5432/customer_portal_db",
        },
        {"name": "admin_secret_arn", "secret": True, "group": "postgres"},
        {"name": "replica_endpoint", "pending": True},
    ]
    return [{"title": "EKS app", "rows": app}, {"title": "PostgreSQL", "note": "by Carol", "rows": data}]


def _events() -> list[dict[str, Any]]:
    said = [
        ("person", "person", "Carol took PLATFORM-5678"),
        ("failed", "failed", "PostgreSQL failed: InvalidDBSubnetGroup"),
        ("idle", "event", f"Sarah sent the request, {day_and_time(NOW, NOW)} by the clock of UTC"),
    ]
    return [
        {"key": 9 - n, "at": NOW - timedelta(minutes=7 * n), "tone": tone, "glyph": glyph, "text": text}
        for n, (tone, glyph, text) in enumerate(said)
    ]
