"""What a provider's claims say of a person: subject, name, email, teams. Pure; what cannot be used is refused in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import StratusError

LONGEST = 200


class SignInRefused(StratusError):
    """The sign-in provider's answer cannot be used."""

    status = 403
    code = "sign_in_refused"


@dataclass(frozen=True, slots=True)
class Profile:
    """What the provider vouches for. name and email are None where it says nothing of them."""

    issuer: str
    subject: str
    name: str | None
    email: str | None
    teams: frozenset[str]


def read(issuer: str, claims: Mapping[str, Any], more: Mapping[str, Any] | None, path: str) -> Profile:
    """The person of verified `claims`, completed from the userinfo answer `more` (None: not asked).

    path: name of the groups claim, dots descend into objects. Raises SignInRefused: no usable subject, a userinfo answer about
    somebody else, groups that are only pointed at, or no groups at all (a missing claim is not an empty one).
    """
    subject = _subject(claims)
    if more is not None and more.get("sub") != subject:
        raise SignInRefused("The sign-in provider answered about two different people. Nothing was signed in; start again.")
    sources = [claims] if more is None else [claims, more]
    return Profile(issuer, subject, _name(sources), _text(_first(sources, "email")), _teams(sources, path))


def teams_in(claims: Mapping[str, Any], path: str) -> frozenset[str] | None:
    """The teams that `claims` list at `path`; None when the claim is not there. Raises SignInRefused on another shape."""
    value = _at(claims, path)
    if value is None:
        return None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise SignInRefused(f"The sign-in provider's claim “{path}” is not a list of group names.")
    return frozenset(name for name in names if name and len(name) <= LONGEST and name.isprintable())


def _teams(sources: list[Mapping[str, Any]], path: str) -> frozenset[str]:
    for claims in sources:
        _refuse_pointer(claims, path)
        teams = teams_in(claims, path)
        if teams is not None:
            return teams
    raise SignInRefused(
        f"The sign-in provider did not say which groups you are in: the claim “{path}” is missing. "
        "An administrator of the provider has to add it for this portal."
    )


def _refuse_pointer(claims: Mapping[str, Any], path: str) -> None:
    """Entra and others send, above some 200 groups, a pointer to where they can be fetched in place of the list."""
    elsewhere = claims.get("_claim_names")
    pointed = isinstance(elsewhere, Mapping) and (path in elsewhere or path.split(".")[0] in elsewhere)
    if pointed or claims.get("hasgroups"):
        raise SignInRefused(
            "You are in more groups than the sign-in provider puts into a token, so your teams are not known. "
            "An administrator of the provider has to send only the groups that this portal needs."
        )


def _at(claims: Mapping[str, Any], path: str) -> Any:
    # A claim may be named by a URL (https://example.com/groups), whose dots are no path.
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject or len(subject) > LONGEST or not subject.isprintable():
        raise SignInRefused("The sign-in provider sent no usable subject, so it is not known who you are.")
    return subject


def _name(sources: list[Mapping[str, Any]]) -> str | None:
    return _text(_first(sources, "name")) or _text(_first(sources, "preferred_username"))


def _first(sources: list[Mapping[str, Any]], key: str) -> Any:
    return next((claims[key] for claims in sources if claims.get(key)), None)


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in value if letter.isprintable()).strip()[:LONGEST] or None
