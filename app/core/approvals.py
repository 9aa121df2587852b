"""Who must agree before anything is built: which rules of which documents hold for an order, and who may say yes or no. Pure.

A rule is data of the catalog. Its condition is asked once, when the order is sent or changed; one that cannot be worked out
holds: an approval that is not asked for would be worse than one too many.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from app.core.access import ADMINISTRATOR, Person
from app.core.durations import parse_duration
from app.core.expressions import ExpressionError, evaluate

OWNER = "owner"
"""The role of the platform team that owns the entry whose rule it is."""
ROLES: Sequence[str] = (ADMINISTRATOR, OWNER)
TIMEOUT = "3d"
"""How long people have who are asked, unless the rule says otherwise."""
UNKNOWN = "It could not be worked out whether this is needed, so it is."

OnTimeout = Literal["escalate", "reject"]


@dataclass(frozen=True, slots=True)
class Approver:
    """Whom a rule asks: the members of a team, or the people in a role."""

    kind: Literal["team", "role"]
    name: str

    @classmethod
    def of(cls, key: str) -> "Approver":
        """The approver of a `key`."""
        kind, _, name = key.partition(":")
        return cls("role" if kind == "role" else "team", name)

    @property
    def key(self) -> str:
        """`team:finance` or `role:administrator`: how a row names it."""
        return f"{self.kind}:{self.name}"

    @property
    def words(self) -> str:
        """What people call it."""
        return self.name if self.kind == "team" else f"the {self.name}s"

    def as_json(self) -> dict[str, str]:
        """`{"team": …}` or `{"role": …}`, as the catalog writes it."""
        return {self.kind: self.name}


ADMINISTRATORS = Approver("role", ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class NeededApproval:
    """One agreement that an order needs before it is built.

    count: how many different people must agree. reason: why they are asked, for people; may be empty. remind, timeout: after
    how long they are reminded, and then it is escalated to `escalate_to` or rejected.
    """

    by: Approver
    count: int
    reason: str
    timeout: timedelta
    remind: timedelta
    on_timeout: OnTimeout = "escalate"
    escalate_to: Approver = ADMINISTRATORS

    def as_json(self) -> dict[str, Any]:
        """`{by, count, reason, timeout}`; timeout in seconds."""
        seconds = int(self.timeout.total_seconds())
        return {"by": self.by.as_json(), "count": self.count, "reason": self.reason, "timeout": seconds}


@dataclass(frozen=True, slots=True)
class Ruled:
    """The approval rules of one document of an order. scope: the names that their conditions may use, without the price."""

    owner: str
    rules: Sequence[Mapping[str, Any]]
    scope: Mapping[str, Any]


def needed(documents: Iterable[Ruled], price: float | None, requester: Mapping[str, Any]) -> list[NeededApproval]:
    """The approvals that an order needs, in the order of its documents; equal ones are one, with the highest count.

    price: what the whole order costs a month; None where that is not known. requester: `{user_id, team, email}`.
    """
    found: dict[Approver, NeededApproval] = {}
    for document in documents:
        scope = {**document.scope, "price": price, "requester": dict(requester)}
        for rule in document.rules:
            if (one := _held(rule, document.owner, scope)) is not None:
                found[one.by] = _merged(found[one.by], one) if one.by in found else one
    return list(found.values())


def _held(rule: Mapping[str, Any], owner: str, scope: Mapping[str, Any]) -> NeededApproval | None:
    """What a rule asks for, or None where its condition does not hold."""
    reason = rule.get("reason") or ""
    try:
        if rule.get("when") is not None and not evaluate(rule["when"], scope):
            return None
    except ExpressionError:
        reason = f"{reason} {UNKNOWN}".strip()
    timeout = parse_duration(rule.get("timeout") or TIMEOUT)
    to = rule.get("escalate_to")
    return NeededApproval(
        by=approver_of(rule["by"], owner),
        count=rule.get("count") or 1,
        reason=reason,
        timeout=timeout,
        remind=parse_duration(rule["remind"]) if rule.get("remind") else timeout / 2,
        on_timeout=rule.get("on_timeout") or "escalate",
        escalate_to=approver_of(to, owner) if to else ADMINISTRATORS,
    )


def approver_of(written: Mapping[str, Any], owner: str) -> Approver:
    """Whom `{team: …}` or `{role: …}` of a document of `owner` means."""
    if written.get("team"):
        return Approver("team", written["team"])
    return Approver("team", owner) if written["role"] == OWNER else Approver("role", written["role"])


def _merged(one: NeededApproval, other: NeededApproval) -> NeededApproval:
    """Two rules that ask the same people: the highest count, both reasons, and what the shorter time says."""
    sooner = min(one, other, key=lambda each: each.timeout)
    reasons = [one.reason, *([other.reason] if other.reason not in one.reason else [])]
    return replace(sooner, count=max(one.count, other.count), reason=" ".join(reason for reason in reasons if reason))


def may_approve(person: Person, voters: Collection[str], requester: UUID) -> bool:
    """Whether somebody may vote on an approval: one of those who are asked, and never on an order of their own.

    voters: the keys of the approvers that are asked. requester: the key of whoever ordered, or changed the order.
    """
    return person.id != requester and not keys_of(person).isdisjoint(voters)


def keys_of(person: Person) -> frozenset[str]:
    """The keys of the approvers that a person is one of."""
    teams = {Approver("team", team).key for team in person.teams}
    return frozenset(teams | {ADMINISTRATORS.key}) if person.is_admin else frozenset(teams)


def is_met(voted: Collection[UUID], count: int) -> bool:
    """Whether enough different people have agreed."""
    return len(set(voted)) >= count


def digest(
    *,
    bundle_parameters: Mapping[str, Any],
    item_parameters: Mapping[str, Any],
    selected: Mapping[str, Any],
    versions: Mapping[str, str],
    price: Any,
) -> str:
    """What is approved, as one SHA-256 in hex: another answer, item, version or price is another digest.

    All values are plain JSON; versions: by alias, and the entry's own under "".
    """
    pinned = {
        "bundle_parameters": bundle_parameters,
        "item_parameters": item_parameters,
        "selected": selected,
        "versions": versions,
        "price": price,
    }
    return hashlib.sha256(json.dumps(pinned, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def differences(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]], secret: Collection[tuple[str, str]] = ()
) -> list[dict[str, Any]]:
    """What of an order was changed: `[{item, name, before, after}]`; item is an alias, None for the bundle's own answers.

    before, after: answers by alias, the bundle's own under "". secret: (alias, name) of masked answers that are others now.
    An item that was taken in or left out has one line without a name.
    """
    found = []
    for part in dict.fromkeys([*before, *after]):
        old, new = before.get(part) or {}, after.get(part) or {}
        if bool(old) != bool(new):
            found.append({"item": part or None, "name": None, "before": bool(old), "after": bool(new)})
            continue
        found += [
            {"item": part or None, "name": name, "before": old.get(name), "after": new.get(name)}
            for name in dict.fromkeys([*old, *new])
            if old.get(name) != new.get(name) or (part, name) in secret
        ]
    return found
