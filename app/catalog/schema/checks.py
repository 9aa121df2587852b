"""The checks that a document asks for, before and after building. Pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.catalog.schema.words import Duration, Line, Pause, Prose, Word
from app.core.shapes import Shape
from app.core.step_params import HttpCode, Scalar, is_template


def _address(text: str) -> str:
    if not is_template(text) and not re.fullmatch(r"https?://\S+", text):
        raise ValueError("must be an address that begins with http:// or https://")
    return text


def _host(text: str) -> str:
    if not is_template(text) and not re.fullmatch(r"[^\s/@]+", text):
        raise ValueError("must be the name of a host alone, such as db.example.com")
    return text


def _worked_out(text: str) -> str:
    if not is_template(text):
        raise PydanticCustomError("type", "must be a whole number")
    return text


Address = Annotated[str, Field(min_length=1), AfterValidator(_address)]
Host = Annotated[str, Field(min_length=1), AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65535)] | Annotated[str, AfterValidator(_worked_out)]


class Check(Shape):
    """Something that must hold. `message` is what people hear when it does not."""

    name: Word
    title: Line | None = None
    message: Prose | None = None


class PatientCheck(Check):
    """A check that is looked at every so often until it holds, at most for as long as `within` says."""

    within: Duration | None = None
    every: Pause | None = None


class HttpCheck(PatientCheck):
    """A GET that must be answered with this status, or one of these; without it with any 2xx."""

    type: Literal["http"]
    url: Address
    status: HttpCode | Annotated[list[HttpCode], Field(min_length=1)] | None = None
    headers: dict[str, Scalar] = {}


class TcpCheck(PatientCheck):
    """A port that must take connections."""

    type: Literal["tcp"]
    host: Host
    port: Port


class DnsCheck(PatientCheck):
    """A name that must have an address."""

    type: Literal["dns"]
    host: Host


class ExpressionCheck(Check):
    """An expression over the order that must be true."""

    type: Literal["expression"]
    when: Annotated[str, Field(min_length=1)]


class UniqueCheck(Check):
    """A value, worked out from the order, that no other order of the entry within the team, or anywhere, may have."""

    type: Literal["unique"]
    value: Annotated[str, Field(min_length=1, max_length=1_000)]
    within: Literal["team", "all"]


class QuotaCheck(Check):
    """That the team keeps to its quotas with this order; of one `resource` at least so much must be left."""

    type: Literal["quota"]
    resource: Word | None = None
    leave: Annotated[float, Field(ge=0, le=1e12)] | None = None

    @model_validator(mode="after")
    def _of_one(self) -> "QuotaCheck":
        if self.leave is not None and self.resource is None:
            raise PydanticCustomError("required", "must name the resource of which so much is left", {"remedy": "name one"})
        return self


Preflight = Annotated[HttpCheck | TcpCheck | DnsCheck | ExpressionCheck | UniqueCheck | QuotaCheck, Field(discriminator="type")]
HealthCheck = Annotated[HttpCheck | TcpCheck, Field(discriminator="type")]
CHECK_TYPES: Mapping[str, tuple[str, ...]] = {
    "preflight": ("http", "tcp", "dns", "expression", "unique", "quota"),
    "health_checks": ("http", "tcp"),
}
