"""What a person brings under Terraform's management: addresses of a module, and the ids of what stands there. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import Fault

KINDS = frozenset({"failure", "unknown"})
"""Types of tickets with which something can be taken over: its step failed, or nobody knows what became of it."""
NOT_TERRAFORM = "only what a step of Terraform was to build can be taken over"
ELSEWHERE = "HCP Terraform keeps the state of this step: import what you made there, then resolve without addresses"
MOST = 100
LONGEST_ADDRESS = 500
LONGEST_ID = 1000
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_INDEX = r'(?:\[(?:[0-9]{1,9}|"(?:[^"\\$%]|[$%](?!\{))*")\])?'
ADDRESS = re.compile(rf"(?:module\.{_NAME}{_INDEX}\.)*(?!(?:data|module|ephemeral)\.){_NAME}\.{_NAME}{_INDEX}")
"""A managed resource as the module's author knows it. No escapes and no `${` in a key: an address is code to Terraform."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """One thing that exists: where the module has it, and what its provider calls it."""

    address: str
    id: str

    def as_json(self) -> dict[str, str]:
        """As it is kept and shown."""
        return {"address": self.address, "id": self.id}


def refuses(ticket_type: str, step_type: str, backend: object) -> str | None:
    """Why what a person made cannot be taken over with such a ticket, or None. backend: as the template has it."""
    if ticket_type not in KINDS or step_type != "TerraformFile":
        return NOT_TERRAFORM
    return ELSEWHERE if backend == "remote" else None


def read(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Adopted], list[Fault]]:
    """The rows `{address, id}` as they are to be imported, and everything that is wrong with them, by row."""
    faults = [fault for number, row in enumerate(rows) for fault in _of_row(number, row, rows[:number])]
    if len(rows) > MOST:
        faults.insert(0, Fault((), "max_items", f"must be at most {MOST} resources", {"max_items": MOST}))
    return ([] if faults else [Adopted(row["address"], row["id"]) for row in rows]), faults


def _of_row(number: int, row: Mapping[str, Any], before: Sequence[Mapping[str, Any]]) -> list[Fault]:
    address, key = row.get("address", ""), row.get("id", "")
    wrong = [Fault((number, "address"), *found) for found in [_address(address)] if found]
    wrong += [Fault((number, "id"), *found) for found in [_id(key)] if found]
    if not wrong and any(address == one.get("address") for one in before):
        wrong.append(Fault((number, "address"), "duplicate", "is there twice: one address holds one resource"))
    return wrong


def _address(address: str) -> tuple[str, str] | None:
    if not address:
        return "required", "is missing: which resource of the module it is"
    if len(address) > LONGEST_ADDRESS:
        return "max_length", f"must have at most {LONGEST_ADDRESS} characters"
    if not _printable(address) or ADDRESS.fullmatch(address) is None:
        return "format", 'must be the address of a resource, such as aws_db_instance.main or aws_subnet.a["eu-1"]'
    return None


def _id(key: str) -> tuple[str, str] | None:
    if not key.strip():
        return "required", "is missing: what the provider calls it"
    if len(key) > LONGEST_ID:
        return "max_length", f"must have at most {LONGEST_ID:,} characters"
    if not _printable(key):
        return "format", "must not hold control characters"
    return None


def _printable(text: str) -> bool:
    """Without control characters, halves of surrogates and the ends of lines and paragraphs."""
    return not any(unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp") for one in text)
