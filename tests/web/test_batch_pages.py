"""Pages of batches: choosing, looking at rows, sending, what became of them."""

import io
import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from app.models.tables import BATCH, REQUEST
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, http, item

SignedIn = Callable[[str], BrowserClient]
FIELDS = (
    "[{name: name, type: string, required: true, regexp: '^[a-z]+$'}, {name: size, type: integer, default: 3, min_value: -9}]"
)
GOOD = "key,name,size\na,orders,5\nb,stock,\n"
BAD = "key,name,size\na,orders,5\nb,STOCK,lots\n"


@pytest.fixture
def sarah(house: House, signed_in: SignedIn) -> BrowserClient:
    """Sarah's browser, with one entry in the catalog."""
    house.offer(box=item(http("one"), fields=FIELDS, name="Box"))
    return signed_in("sarah-123")


def post(browser: BrowserClient, do: str, text: str, **more: object):
    return browser.send("/batches/new", {"entry": "box", "do": do, "text": text, **more})


def count(house: House, table: object) -> int:
    return house.rows(select(func.count()).select_from(table))[0][0]


def test_an_entry_is_chosen_first(sarah: BrowserClient):
    assert '<option value="box">' in sarah.get("/batches/new").text
    page = sarah.get("/batches/new?entry=nothing")
    assert (page.status_code, "There is no bundle or item nothing in the catalog." in words(page)) == (422, True)


def test_going_on_with_no_entry_says_so(sarah: BrowserClient):
    page = sarah.get("/batches/new?entry=")
    assert (page.status_code, "Choose what to order." in words(page)) == (422, True)


def test_the_page_tells_the_columns(sarah: BrowserClient):
    assert "name text, required Name size whole number Size" in words(sarah.get("/batches/new?entry=box"))


def test_an_empty_file_has_the_columns(sarah: BrowserClient):
    answer = sarah.get("/batches/template.csv?entry=box")
    assert (answer.text, answer.mimetype) == ("\ufeffkey,name,size\r\n", "text/csv")


def test_whoever_is_in_several_teams_names_one_in_each_row(house: House, sarah: BrowserClient, signed_in: SignedIn):
    assert signed_in("erin-321").get("/batches/template.csv?entry=box").text == "\ufeffkey,requester.team,name,size\r\n"


def test_checking_tells_faults_by_line_and_orders_nothing(house: House, sarah: BrowserClient):
    page = post(sarah, "check", BAD)
    assert re.search(r"3 b name: may not .* size: must be a whole number", words(page))
    assert "1 row of 2 cannot be ordered as it is" in words(page)
    assert (count(house, REQUEST), count(house, BATCH)) == (0, 0)


def test_checking_what_is_fine_orders_nothing(house: House, sarah: BrowserClient):
    page = post(sarah, "check", GOOD)
    assert "2 rows can be ordered. Nothing was ordered yet." in words(page)
    assert (count(house, REQUEST), count(house, BATCH)) == (0, 0)
    assert "a,orders,5" in page.text


def test_a_file_is_taken_before_the_box(house: House, sarah: BrowserClient):
    upload = FileStorage(io.BytesIO(b"\xef\xbb\xbf" + GOOD.encode()), "orders.csv")
    page = sarah.send("/batches/new", {"entry": "box", "do": "check", "text": "nonsense", "file": upload})
    assert "2 rows can be ordered" in words(page)


def test_sending_shows_what_became_of_each_row(house: House, sarah: BrowserClient):
    answer = post(sarah, "send", GOOD)
    assert (answer.status_code, count(house, REQUEST)) == (303, 2)
    page = sarah.get(answer.location)
    assert "2 times Box" in words(page)
    assert re.search(r"1 a orders .* 2 b stock", words(page))
    assert 'hx-trigger="every 5s"' in page.text


def test_a_second_click_sends_nothing_twice(house: House, sarah: BrowserClient):
    key = re.search(r'name="key" value="([^"]+)"', sarah.get("/batches/new?entry=box").text)
    assert key is not None
    first, second = (post(sarah, "send", GOOD, key=key[1]).location for _ in range(2))
    assert (first, count(house, REQUEST)) == (second, 2)


def test_all_or_nothing_sends_nothing_with_a_fault(house: House, sarah: BrowserClient):
    page = post(sarah, "send", BAD, mode="all_or_nothing")
    assert (page.status_code, count(house, REQUEST)) == (422, 0)
    assert "b,STOCK,lots" in page.text


def test_refused_rows_come_back_to_be_corrected(house: House, sarah: BrowserClient):
    batch = post(sarah, "send", "key,name,size\na,orders,5\nb,STOCK,-5\n", mode="row_by_row").location
    head, row = sarah.get(f"{batch}/refused.csv").text.splitlines()
    assert head == "\ufeffkey,name,size,errors"
    assert row.startswith("b,STOCK,'-5,")
    page = sarah.get("/batches/new", query_string={"entry": "box", "again": batch.rpartition("/")[2]})
    mended = head + "\n" + row.replace("STOCK", "stock")
    assert "b,STOCK,&#39;-5," in page.text
    assert post(sarah, "send", mended).status_code == 303


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "It begins with a line of column names"),
        ("key,nme\na,b\n", "nme: is no column of this entry; did you mean name?"),
        ("key,name\n,orders\n", "2 no key key: must have at least 1 character"),
        ("key,name\na,orders\na,stock\n", "key: is the key of more than one row"),
        ("key,name\na,orders\n,stock\na,box\n", "3 rows of 3 cannot be ordered as they are"),
        ('key,name\na,"b\n', "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(sarah: BrowserClient, text: str, said: str):
    page = post(sarah, "check", text)
    assert page.status_code == 422
    assert said.lower() in words(page).lower()


def test_a_batch_is_nobody_elses(house: House, sarah: BrowserClient, signed_in: SignedIn):
    batch = post(sarah, "send", GOOD).location
    bob = signed_in("bob-456")
    assert [bob.get(path).status_code for path in (batch, f"{batch}/refused.csv")] == [404, 404]
    assert "No batches yet" in words(bob.get("/batches"))
    assert batch in sarah.get("/batches").text
