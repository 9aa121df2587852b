"""Who asks, and from where: what every use case of a person needs for its audit rows."""

from dataclasses import dataclass

from app.core.access import Person


@dataclass(frozen=True, slots=True)
class Caller:
    """A person with the address and the correlation id of this call."""

    person: Person
    address: str | None = None
    correlation_id: str | None = None
