"""Ordering many at once, in a browser: from an entry to a file, its faults, what became of its rows, and a receipt."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
HEAD = "key,database_name,allocated_storage"
FILE = f"{HEAD}\nbatch-good,batch_good_db,40\nbatch-bad,Batch Bad,lots\n"


def test_a_file_of_orders_is_looked_at_sent_and_followed(visit: Callable[..., Visitor]):
    bob = visit("bob-456").sign_in("/catalog/items/postgres-database")
    bob.press("Order many of")
    bob.page.get_by_label("or its lines").fill(FILE)
    bob.press("Check every row")
    bob.sees("1 row of 2 cannot be ordered")
    bob.look("batch-checked")
    bob.page.get_by_label("Row by row").check()
    bob.press("Send")
    bob.sees("1 row taken")
    bob.look("batch")
    bob.press("Correct the refused rows")
    expect(bob.page.get_by_label("or its lines")).to_have_value(re.compile("batch-bad,Batch Bad"))
    bob.page.go_back()
    bob.press("batch_good_db")
    bob.press("Receipt to print")
    bob.sees("sha256:")
    bob.look("receipt")
    bob.page.goto("/requests?view=team&q=batch+good&created_after=2026-01-01")
    bob.look("requests-narrowed")


def test_filters_are_chosen_and_taken_away_without_script(visit: Callable[..., Visitor]):
    bob = visit("bob-456", scripts=False).sign_in("/requests?view=team")
    bob.page.get_by_label("Search titles and ids").fill("batch good")
    bob.press("Filter", exact=True)
    expect(bob.page).to_have_url(re.compile("view=team.*q=batch"))
    bob.press("Words: batch good")
    expect(bob.page).not_to_have_url(re.compile("q=batch"))
