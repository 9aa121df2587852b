"""Pages of batches: choose what to order, look at a file row by row, send it, see what became of each row."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog.offers import Offer
from app.core import spreadsheet
from app.errors import Fault, Invalid, NotFound
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle.batches import columns as batch_columns
from app.lifecycle.batches import files, sending
from app.lifecycle.batches.columns import KEY, Column
from app.lifecycle.batches.files import FromFile
from app.queries import batches as queries
from app.queries import catalog
from app.queries.batches import BatchDetail
from app.queries.paging import DEFAULT_LIMIT
from app.reader import reader
from app.transaction import transaction
from app.web.batches import shown
from app.web.parts import caller, cursors
from app.web.views_fields import Choice, FieldView

blueprint = Blueprint("batches", __name__)

SENDING_KEY = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
NOTHING_CHOSEN = Fault(("entry",), "required", "choose what to order")
MODES: Mapping[str, sending.Mode] = {"all_or_nothing": "all_or_nothing", "row_by_row": "row_by_row"}


@blueprint.get("/batches")
@signed_in
def listing() -> ResponseReturnValue:
    """The batches that somebody sent, newest first."""
    try:
        page = queries.listing(reader(), current_person(), DEFAULT_LIMIT, request.args.get("cursor"), cursors())
    except Invalid:  # a cursor of yesterday, or of another list: begin anew
        return redirect(url_for("batches.listing"))
    return render_template("batches/list.html", page=page, began=not request.args.get("cursor"))


@blueprint.get("/batches/new")
@signed_in
def new() -> ResponseReturnValue:
    """Choose an entry; with one, the columns that its file has and the form that takes the file."""
    name, version = request.args.get("entry", "").strip(), request.args.get("version") or None
    if not name:
        return (_choose(faults=[NOTHING_CHOSEN]), 422) if "entry" in request.args else _choose()
    try:
        offer = files.offer_of(reader(), name, None, version)
    except Invalid as error:
        return _choose(name, error.faults), 422
    return _page(offer, version, text=_again(offer, request.args.get("again")))


@blueprint.post("/batches/new")
@signed_in
def answer() -> ResponseReturnValue:
    """What the buttons do: look at every row without ordering anything, or send the file."""
    version = request.form.get("version") or None
    offer = _offer(request.form.get("entry", ""), version)
    mode = MODES.get(request.form.get("mode", ""), "all_or_nothing")
    text, columns = _sent_text(), _columns(offer)
    asked: dict[str, Any] = {"text": text, "mode": mode}
    try:
        found = files.batch_of(offer, text, version, mode)
    except Invalid as error:
        wrong, of_file = shown.of_rows(error.faults, columns)
        rows, number = _unread(text, wrong)
        return _page(offer, version, rows=rows, number=number, of_file=of_file, **asked), 422
    if request.form.get("do") == "send":
        return _send(offer, version, found, asked)
    with transaction() as unit:
        faults = sending.rehearse(unit, caller(), found.batch)
    told = [fault.under("rows", place) for place, of_row in enumerate(faults) for fault in of_row]
    return _page(offer, version, rows=_rows(found, told, columns), checked=True, **asked)


@blueprint.get("/batches/template.csv")
@signed_in
def template() -> Response:
    """An empty file with the columns of an entry."""
    offer = _offer(request.args.get("entry", ""), request.args.get("version") or None)
    return _file(batch_columns.template(offer, len(current_person().teams)), f"{offer.name}.csv")


@blueprint.get("/batches/<batch_id>")
@signed_in
def show(batch_id: str) -> ResponseReturnValue:
    """One batch, row by row. It asks for itself while something in it moves."""
    detail = queries.found(reader(), current_person(), batch_id)
    offer = _offer_of(detail)
    columns = _columns(offer) if offer else []
    return render_template(
        "batches/show.html",
        it=detail.head,
        detail=detail,
        standing=shown.standing(detail),
        rows=[{"it": line, "wrong": shown.wrong_with(line, columns)} for line in detail.lines],
        entry=offer,
        title=_title(detail, offer),
    )


@blueprint.get("/batches/<batch_id>/refused.csv")
@signed_in
def refused(batch_id: str) -> Response:
    """The rows that were refused, as a file to correct and send again. Secrets are not in it."""
    detail = queries.found(reader(), current_person(), batch_id)
    offer = _offer_of(detail)
    if offer is None:
        raise NotFound(
            "The rows of this batch order different things, or something that is no more: there is no one file for them."
        )
    return _file(_refused(offer, detail), f"{batch_id}-refused.csv")


def _choose(name: str = "", faults: Sequence[Fault] = ()) -> str:
    kinds = ("bundle", "item")
    pages = [catalog.entries(reader(), kind, catalog.Filters(), DEFAULT_LIMIT, None, cursors()) for kind in kinds]
    choices = [Choice(entry.name, entry.title) for page in pages for entry in page.items]
    listed = not any(page.next_cursor for page in pages)  # a longer catalog is searched by typing
    errors = tuple(f"The entry {fault.message}" if fault.path == ("version",) else _said(fault) for fault in faults)
    field = FieldView(
        "entry",
        "entry",
        "Entry of the catalog",
        kind="select" if listed else "text",
        help="" if listed else "Its name, such as postgres-database",
        value="" if listed and name not in {one.value for one in choices} else name,
        choices=choices,
        required=True,
        errors=errors,
    )
    return render_template("batches/choose.html", field=field)


def _said(fault: Fault) -> str:
    return fault.message[:1].upper() + fault.message[1:] + "."


def _page(
    offer: Offer,
    version: str | None,
    *,
    text: str = "",
    mode: str = "all_or_nothing",
    rows: Sequence[shown.RowShown] = (),
    number: int | None = None,
    of_file: Sequence[str] = (),
    checked: bool = False,
) -> str:
    wrong = sum(bool(row.wrong) for row in rows)
    return render_template(
        "batches/new.html",
        offer=offer,
        version=version or "",
        columns=shown.columns(_columns(offer)),
        text=text,
        modes=_modes(mode),
        rows=[row for row in rows if row.wrong] if wrong else rows,
        wrong=wrong,
        number=len(rows) if number is None else number,
        faults=[{"id": "text", "words": words} for words in of_file],
        checked=checked,
        most=sending.MOST_ROWS,
        key=secrets.token_urlsafe(16),
    )


def _modes(mode: str) -> FieldView:
    choices = [
        Choice("all_or_nothing", "All or nothing", "One row with a fault, and none of them is ordered."),
        Choice("row_by_row", "Row by row", "Rows without a fault are ordered; the others can be corrected and sent again."),
    ]
    return FieldView("mode", "mode", "When a row cannot be ordered", "radio", value=mode, choices=choices, required=True)


def _send(offer: Offer, version: str | None, found: FromFile, asked: Mapping[str, Any]) -> ResponseReturnValue:
    """Send it. The key was made with the page, so that a second click finds the batch of the first one."""
    key = request.form.get("key", "")
    try:
        with transaction() as unit:
            batch_id = sending.send(unit, caller(), found.batch, key if SENDING_KEY.fullmatch(key) else None)
    except Invalid as error:
        rows = _rows(found, error.faults, _columns(offer))
        return _page(offer, version, rows=rows, checked=True, **asked), 422
    return redirect(url_for("batches.show", batch_id=batch_id), 303)


def _rows(found: FromFile, faults: Sequence[Fault], columns: Sequence[Column]) -> list[shown.RowShown]:
    wrong, _ = shown.of_rows(faults, columns)
    return shown.rows([row.key for row in found.batch.rows], found.numbers, wrong)


def _unread(text: str, wrong: Mapping[int, Sequence[str]]) -> tuple[list[shown.RowShown], int]:
    """The rows with faults of a file that is no batch, a key is missing or there twice; and how many rows it has."""
    if not wrong:
        return [], 0
    (_, head), *lines = spreadsheet.lines(text)
    place = head.index(KEY) if KEY in head else len(head)
    return [
        shown.RowShown(number, cells[place] if place < len(cells) else "", wrong[row])
        for row, (number, cells) in enumerate(lines)
        if row in wrong
    ], len(lines)


def _sent_text() -> str:
    """The file that was chosen, else what stands in the box."""
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        return request.form.get("text", "").replace("\r\n", "\n")
    return chosen.stream.read().decode("utf-8-sig", errors="replace").replace("\x00", "\ufffd")


def _offer(name: str, version: str | None) -> Offer:
    """The entry that an address names. Raises NotFound."""
    try:
        return files.offer_of(reader(), name, None, version)
    except Invalid as error:
        raise NotFound(_said(error.faults[0])) from error


def _offer_of(detail: BatchDetail) -> Offer | None:
    """What all rows of a batch order, as far as it can be ordered still."""
    if detail.head.name is None:
        return None
    try:
        return files.offer_of(reader(), detail.head.name, detail.head.kind, detail.head.version)
    except Invalid:
        return None


def _columns(offer: Offer) -> list[Column]:
    return batch_columns.columns_of(offer, teams=len(current_person().teams))


def _title(detail: BatchDetail, offer: Offer | None) -> str:
    return f"{detail.head.rows} times {offer.title}" if offer else f"{detail.head.rows} orders"


def _again(offer: Offer, batch_id: str | None) -> str:
    """The refused rows of a batch, to be corrected right in the page."""
    return _refused(offer, queries.found(reader(), current_person(), batch_id)) if batch_id else ""


def _refused(offer: Offer, detail: BatchDetail) -> str:
    columns = _columns(offer)
    lines = [(line.key, line.order, "; ".join(shown.wrong_with(line, columns))) for line in detail.lines if not line.taken]
    return batch_columns.refused(offer, len(current_person().teams), lines)


def _file(text: str, name: str) -> Response:
    answer = Response(spreadsheet.BOM + text, mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
