"""What the templates of a request may read: the scope of catalog-format "Expressions", built from the request's own rows."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, select

from app.core.expressions import references, render
from app.core.statuses import STEP_SATISFIED, StepStatus
from app.models.tables import ITEM, STEP, VERSION
from app.vault import Vault


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

    def for_template(self, alias: str | None, template: Any) -> dict[str, Any]:
        """`of(alias)`, reading rows only where the template looks at anything at all."""
        return self.of(alias) if references(template) else {}

    def secret_values(self, alias: str | None, template: Any) -> list[str]:
        """What must be masked wherever people see `template` rendered: sensitive outputs, and sensitive answers."""
        if not references(template):
            return []
        made = [self._secret_outputs(step) for step in self._steps if step.secret_outputs is not None]
        answers = [self._sensitive_answers(item) for item in self._items.values() if alias in (None, item.alias)]
        return [str(value) for values in (*made, *answers) for value in values.values()]

    def finished(self, alias: str | None) -> bool:
        """Whether every step of an item (None: of the whole request) is completed or skipped."""
        return all(
            StepStatus(step.status) in STEP_SATISFIED for step in self._steps if alias is None or step.item_alias == alias
        )

    def item_outputs(self, alias: str) -> list[Output]:
        """The outputs of one item. Raises ExpressionError when one cannot be made."""
        return self._outputs(alias, self._items[alias].definition.get("outputs", {}), self.of(alias), alias)

    def bundle_outputs(self) -> list[Output]:
        """The outputs of the bundle itself. Raises ExpressionError when one cannot be made."""
        definition = self.connection.scalar(select(VERSION.c.definition).where(VERSION.c.id == self.request.catalog_version_id))
        if self.request.catalog_kind != "bundle":
            return []
        return self._outputs("bundle", (definition or {}).get("outputs", {}), self.of(None), None)

    def _outputs(self, group: str, declared: Mapping[str, Any], scope: Mapping[str, Any], alias: str | None) -> list[Output]:
        tainted = self._tainted(alias)
        return [
            Output(
                group,
                name,
                render(spec["value"], scope),
                bool(spec.get("sensitive")) or any((r.root, *r.path) in tainted for r in references(spec["value"])),
                spec.get("description"),
            )
            for name, spec in declared.items()
        ]

    def _tainted(self, alias: str | None) -> set[tuple[str, ...]]:
        own: set[tuple[str, ...]] = {
            ("steps", step.step_name, "outputs", name)
            for step in self._steps
            if step.item_alias == alias
            for name in step.sensitive_outputs
        }
        if alias is not None:
            return own
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
        about = {"name": item.catalog_item, "version": item.version, "owner": item.owner}
        return {
            **item.parameters,
            "parameters": item.parameters,
            "steps": self._step_outputs(alias),
            "catalog_item": about,
        }

    def _bundle_scope(self) -> dict[str, Any]:
        chosen: Mapping[str, bool] = self.request.selected
        return {
            "bundle": self.request.bundle_parameters,
            "parameters": self.request.bundle_parameters,
            "steps": self._step_outputs(None),
            "items": {alias: self._item_view(alias, selected) for alias, selected in chosen.items()},
        }

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

    def _sensitive_answers(self, item: Row[Any]) -> dict[str, Any]:
        fields = (item.definition.get("presentation") or {}).get("fields") or ()
        return {f["name"]: item.parameters[f["name"]] for f in fields if f.get("sensitive") and f["name"] in item.parameters}
