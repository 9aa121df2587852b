"""Which engines are broken, where, under which fault, and which invariant has to see it."""

from dataclasses import dataclass

from tests.chaos.stack import WEBS, WORKERS


@dataclass(frozen=True, slots=True)
class Engine:
    """A module of this folder (`plant`), and the processes in which it matters."""

    plant: str
    members: tuple[str, ...]
    fault: str
    invariant: str


ENGINES = (
    Engine("ring_before_commit", WEBS, "nothing", "bells_ring_after_the_commit"),
    Engine("claim_without_guard", WORKERS, "nothing", "a_step_is_claimed_by_one"),
    Engine("write_without_token", WORKERS, "worker frozen", "nothing_is_written_with_a_stale_token"),
)
