"""What the templates of a request may read: the scope of catalog-format "Expressions", built from the request's own rows."""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, select

from app.core.expressions import render
from app.core.secrecy import MASK, fields_of, is_secret, secret_fields, secret_values, touches
from app.core.statuses import STEP_SATISFIED, StepStatus
from app.core.within import changed, holds
from app.lifecycle import secrets
from app.lifecycle.secrets import OWN
from app.models.tables import ITEM, STEP, VERSION
from app.outbound import Redactor
from app.vault import Vault, VaultError


@dataclass(frozen=True, slots=True)
class Output:
    """One output as the requester gets it. Sensitive when declared so, or when made from something sensitive."""

    group: str
    name: str
    value: Any
    sensitive: bool
    description: str | None


def secret_cell(step: uuid.UUID) -> str:
    """The address of a step's sensitive outputs, bound into their encryption."""
    return f"request_steps.secret_outputs:{step}"


@dataclass
class Scopes:
    """The scopes of one request, read once, when something asks for them."""

    connection: Connection
    request: Row[Any]
    vault: Vault
    secrets: Mapping[str, str] = field(default_factory=dict)
    file: Callable[[str], str] | None = None
    """Where a step finds the file of an upload id; without it the id stands for the file."""

    @cached_property
    def _items(self) -> dict[str, Row[Any]]:
        rows = self.connection.execute(
            select(ITEM, VERSION.c.definition)
            .join(VERSION, VERSION.c.id == ITEM.c.catalog_version_id)
            .where(ITEM.c.request_id == self.request.id)
            .order_by(ITEM.c.position)
        )
        return {row.alias: row for row in rows}

    @cached_property
    def _steps(self) -> list[Row[Any]]:
        return list(
            self.connection.execute(
                select(
                    STEP.c.id,
                    STEP.c.step_name,
                    STEP.c.item_alias,
                    STEP.c.status,
                    STEP.c.outputs,
                    STEP.c.secret_outputs,
                    STEP.c.sensitive_outputs,
                )
                .where(STEP.c.request_id == self.request.id)
                .order_by(STEP.c.position)
            )
        )

    def refresh(self) -> None:
        """Read the steps again at the next look: something has changed in this transaction."""
        self.__dict__.pop("_steps", None)

    def of(self, alias: str | None) -> dict[str, Any]:
        """The scope of the templates of one item, or of the bundle's own with None."""
        return self._common() | (self._item_scope(alias) if alias is not None else self._bundle_scope())

    @property
    def hidden(self) -> list[str]:
        """Every sensitive output and answer of the request as text, those inside lists and objects one by one.

        Raises VaultError when an output cannot be decrypted.
        """
        made = [self._secret_outputs(step) for step in self._steps if step.secret_outputs is not None]
        parts = [*((alias, item.definition) for alias, item in self._items.items()), (OWN, self._definition)]
        answers = [part for name, definition in parts for part in self._secret_parts(name, definition)]
        return list(dict.fromkeys(_texts([*made, *answers])))

    @cached_property
    def _secrets(self) -> Mapping[str, Mapping[str, Any]]:
        """What the masks among the answers stand for. Raises VaultError."""
        return secrets.opened(self.connection, self.vault, self.request.id)

    def _shown(self, part: str) -> Mapping[str, Any]:
        """The answers of the bundle (`OWN`) or of one item as they are stored, secret ones masked."""
        answers: Mapping[str, Any] = self.request.bundle_parameters if part == OWN else self._items[part].parameters
        return answers

    def _stored(self, part: str) -> Mapping[str, Any]:
        """The secret ones. Cost: one SELECT for all parts; nothing where no mask stands among the answers."""
        return self._secrets.get(part, {}) if MASK in _texts(self._shown(part)) else {}

    def _answers(self, part: str, definition: Mapping[str, Any]) -> dict[str, Any]:
        """All of them in clear. Raises VaultError when one is lost: a mask is nobody's password."""
        answers = {**self._shown(part), **self._stored(part)}
        if any(is_secret(field) and answers.get(name) == MASK for name, field in secret_fields(definition).items()):
            raise VaultError
        return answers

    def _secret_parts(self, part: str, definition: Mapping[str, Any]) -> Iterator[Any]:
        """Whatever is secret among the answers of one part, also what a bundle handed to an item that knows nothing of it."""
        fields, stored = secret_fields(definition), self._stored(part)
        for name, value in self._answers(part, definition).items():
            if name in fields:
                yield from secret_values(fields[name], value)
            elif name in stored:
                yield value

    def _secret_names(self, part: str, definition: Mapping[str, Any]) -> set[str]:
        return (secret_fields(definition).keys() & self._shown(part).keys()) | self._stored(part).keys()

    @cached_property
    def ordered(self) -> Mapping[str, Any]:
        """The definition of what was ordered: the bundle's, or the item's."""
        statement = select(VERSION.c.definition).where(VERSION.c.id == self.request.catalog_version_id)
        return self.connection.scalar(statement) or {}

    @property
    def _definition(self) -> Mapping[str, Any]:
        """The bundle's definition, empty where an item was ordered alone."""
        return self.ordered if self.request.catalog_kind == "bundle" else {}

    def finished(self, alias: str | None) -> bool:
        """Whether every step of an item (None: of the whole request) is completed or skipped."""
        return all(
            StepStatus(step.status) in STEP_SATISFIED for step in self._steps if alias is None or step.item_alias == alias
        )

    def item_outputs(self, alias: str) -> list[Output]:
        """The outputs of one item. Raises ExpressionError when one cannot be made, VaultError when a secret is unreadable."""
        return self._outputs(alias, self._items[alias].definition.get("outputs", {}), self.of(alias), alias)

    def bundle_outputs(self) -> list[Output]:
        """The outputs of the bundle itself. Raises as `item_outputs` does."""
        declared = self._definition.get("outputs", {})
        return self._outputs("bundle", declared, self.of(None), None) if declared else []

    def _outputs(self, group: str, declared: Mapping[str, Any], scope: Mapping[str, Any], alias: str | None) -> list[Output]:
        tainted, redactor = self._tainted(alias), Redactor(self.hidden)
        open_scope = {**scope, "secrets": {}}  # The operator's secrets are for steps; whoever orders never sees one.

        def made(name: str, spec: Mapping[str, Any]) -> Output:
            value = render(spec["value"], open_scope)
            # By name, since what was made of a secret need not look like it; by value, since it may have come another way.
            secret = spec.get("sensitive") or touches(spec["value"], tainted) or redactor.deep(value) != value
            return Output(group, name, value, bool(secret), spec.get("description"))

        return [made(name, spec) for name, spec in declared.items()]

    def _tainted(self, alias: str | None) -> set[tuple[str, ...]]:
        """The names, from a root on, under which something sensitive stands in a scope."""
        own: set[tuple[str, ...]] = {
            ("steps", step.step_name, "outputs", name)
            for step in self._steps
            if step.item_alias == alias
            for name in step.sensitive_outputs
        }
        if alias is not None:
            item = self._items[alias]
            answers = self._secret_names(alias, item.definition)
            return own | {("parameters", name) for name in answers} | {(name,) for name in answers}
        ordered = self._secret_names(OWN, self._definition)
        own |= {(root, name) for root in ("bundle", "parameters") for name in ordered}
        return own | {
            ("items", item, "outputs", output.name)
            for item in self._items
            if self.finished(item)
            for output in self.item_outputs(item)
            if output.sensitive
        }

    def _common(self) -> dict[str, Any]:
        return {
            "requester": {
                "user_id": self.request.requester_user_id,
                "team": self.request.requester_team,
                "email": self.request.requester_email,
            },
            "request": {"request_id": self.request.request_id, "title": self.request.title},
            "secrets": dict(self.secrets),
        }

    def _item_scope(self, alias: str) -> dict[str, Any]:
        item = self._items[alias]
        answers = self._with_files(self._answers(alias, item.definition), item.definition)
        about = {"name": item.catalog_item, "version": item.version, "owner": item.owner}
        return {
            **answers,
            "parameters": answers,
            "steps": self._step_outputs(alias),
            "catalog_item": about,
        }

    def _bundle_scope(self) -> dict[str, Any]:
        chosen: Mapping[str, bool] = self.request.selected
        answers = self._with_files(self._answers(OWN, self._definition), self._definition)
        return {
            "bundle": answers,
            "parameters": answers,
            "steps": self._step_outputs(None),
            "items": {alias: self._item_view(alias, selected) for alias, selected in chosen.items()},
        }

    def _with_files(self, answers: dict[str, Any], definition: Mapping[str, Any]) -> dict[str, Any]:
        """The answers, files by what a step finds them under."""
        files = [one for one in fields_of(definition) if holds(one, "file")] if self.file else []

        def place(_: Mapping[str, Any], upload_id: Any) -> Any:
            return self.file(upload_id) if upload_id and self.file else upload_id

        return {**answers, **{one["name"]: changed(one, "file", answers.get(one["name"]), place) for one in files}}

    def _item_view(self, alias: str, selected: bool) -> dict[str, Any]:
        outputs = self.item_outputs(alias) if selected and self.finished(alias) else []
        return {"selected": selected, "outputs": {output.name: output.value for output in outputs}}

    def _step_outputs(self, alias: str | None) -> dict[str, Any]:
        return {step.step_name: {"outputs": self._all_outputs(step)} for step in self._steps if step.item_alias == alias}

    def _all_outputs(self, step: Row[Any]) -> dict[str, Any]:
        return {**step.outputs, **(self._secret_outputs(step) if step.secret_outputs is not None else {})}

    def _secret_outputs(self, step: Row[Any]) -> dict[str, Any]:
        secret: dict[str, Any] = json.loads(self.vault.decrypt(step.secret_outputs, secret_cell(step.id)))
        return secret


def _texts(value: Any) -> Iterator[str]:
    """Every text and number in plain data, as text. True and false are no secrets: they are everywhere."""
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for part in value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
