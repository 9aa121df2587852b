"""The page about chaos names every fault and every invariant."""

from tests.chaos.faults import FAULTS
from tests.chaos.invariants import INVARIANTS
from tests.pages import page

PAGE = page("docs/chaos.md").text


def test_every_fault_is_on_the_page() -> None:
    said = PAGE.lower()
    words = {fault.name: fault.name.split(" killed ")[-1].lower() for fault in FAULTS}
    assert [name for name, tail in words.items() if tail not in said and name.lower() not in said] == []


def test_every_invariant_is_on_the_page_and_says_what_it_is() -> None:
    assert [one.__name__ for one in INVARIANTS if f"`{one.__name__}`" not in PAGE or not one.__doc__] == []
