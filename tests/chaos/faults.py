"""The faults of the engine's contract. Each goes on for some seconds beside the load, and has healed when it returns."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import clocks
from tests.chaos.bells import muddle
from tests.chaos.freezer import THAW_SECONDS, Freezer
from tests.chaos.proxy import Mood
from tests.chaos.stack import EVERYBODY, LEASE_SECONDS, STREAMS, WEBS, WORKERS, Stack
from tests.chaos.watch import command_lines

Inject = Callable[[Stack, random.Random, float], None]
KILLS = 4
FREEZES = 2
AWAY_SECONDS = 2.5
APPLY_SECONDS = 12.0
WRONG_BY = "5m"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. builds: how many Terraform builds its load has, in the place of other orders.

    cannot: why it cannot be made on this machine, if it cannot. silent: it has nothing to count.
    """

    name: str
    inject: Inject
    builds: int = 1
    cannot: Callable[[], str | None] = lambda: None
    silent: bool = False


def calm(_stack: Stack, _chance: random.Random, seconds: float) -> None:
    """Nothing happens."""
    time.sleep(seconds)


def death_at(failpoint: str) -> Inject:
    """Processes die at a named place."""

    def inject(stack: Stack, chance: random.Random, seconds: float) -> None:
        for _ in range(KILLS):
            time.sleep(seconds / KILLS * chance.uniform(0.3, 1.0))
            stack.order_death(failpoint, 1)
        _until(lambda: stack.deaths_left(failpoint) == 0, seconds)
        stack.hit["died where told"] += KILLS - stack.deaths_left(failpoint)
        stack.pardon()

    return inject


def killed_during_the_call(stack: Stack, chance: random.Random, seconds: float) -> None:
    """A worker dies while the outside works on what it asked for."""
    left = KILLS

    def kill(_path: str, key: str) -> None:
        nonlocal left
        if left > 0 and chance.random() < 0.15 and (pid := stack.holder_of(key)):
            left -= 1
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                stack.hit["killed in a call"] += 1

    with _pausing(stack, 0.2):
        stack.outside.on_call = kill
        time.sleep(seconds)
        stack.outside.on_call = None


def terraform_killed(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """Terraform alone is killed while it applies; its worker lives."""
    _kill_while_applying(stack, lambda pid: os.kill(pid, signal.SIGKILL))


def worker_of_terraform_killed(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """The worker is killed while its Terraform applies: the child must die with it."""
    workers = {stack.fleet.pid(name): name for name in WORKERS}

    def kill(pid: int) -> None:
        while pid > 1 and pid not in workers:
            pid = _parent(pid)
        if pid in workers:
            os.kill(pid, signal.SIGKILL)

    _kill_while_applying(stack, kill)


def bells_muddled(stack: Stack, chance: random.Random, seconds: float) -> None:
    """Bells and jobs are rung twice, swallowed, and delivered out of order."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        muddle(stack, chance)
        stack.hit["muddles"] += 1
        time.sleep(0.05)


def many_sweeps(stack: Stack, chance: random.Random, seconds: float) -> None:
    """Every worker sweeps twenty times a second, with workers dying so that there is something to find."""
    with _changed(stack, WORKERS, SWEEP_SECONDS="0.05"):
        death_at("worker-after-call")(stack, chance, seconds)


def flushed(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """FLUSHALL, again and again."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stack.redis().flushall()
        stack.hit["flushes"] += 1
        time.sleep(0.2)


def redis_killed(stack: Stack, chance: random.Random, seconds: float) -> None:
    """Redis dies and comes back empty."""
    time.sleep(seconds * chance.uniform(0.1, 0.3))
    stack.valkey.kill()
    stack.hit["Redis killed"] += 1
    time.sleep(AWAY_SECONDS)
    stack.valkey.start()
    time.sleep(seconds * 0.2)


def redis_full(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """Redis refuses every write: its memory is full and nothing is evicted."""
    stack.redis().config_set("maxmemory", "1")
    time.sleep(seconds)
    stack.redis().config_set("maxmemory", "0")


def redis_black_holed(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """Redis takes everything and answers nothing."""
    stack.redis_proxy.become(Mood.BLACK_HOLE)
    time.sleep(seconds)
    stack.redis_proxy.become(Mood.HONEST)


def postgres_killed(stack: Stack, chance: random.Random, seconds: float) -> None:
    """PostgreSQL dies at random moments and is started again."""
    for _ in range(2):
        time.sleep(seconds * chance.uniform(0.1, 0.4))
        stack.postgres.kill()
        stack.hit["PostgreSQL killed"] += 1
        time.sleep(chance.uniform(0.2, 1.5))
        stack.postgres.start()
    time.sleep(seconds * 0.2)


def commits_cut(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """Connections are cut while they commit: nobody knows whether it is written."""
    before = sum(proxy.cuts for proxy in stack.pg_proxies.values())
    with _mood(stack, [*WEBS, *WORKERS], Mood.CUTTING_COMMITS):
        time.sleep(seconds)
    stack.hit["commits cut"] += sum(proxy.cuts for proxy in stack.pg_proxies.values()) - before


def worker_cut_off(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """One worker hears nothing from PostgreSQL for longer than its leases live, while what it called goes on."""
    with _pausing(stack, 0.1, 0.1, LEASE_SECONDS):
        time.sleep(seconds * 0.2)
        with _mood(stack, WORKERS[:1], Mood.BLACK_HOLE):
            time.sleep(max(seconds, 2.5 * LEASE_SECONDS))


def worker_frozen(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """Workers stand still in the middle of a call, and go on when another one has taken it over and makes it again."""
    freezer = Freezer(stack, FREEZES)
    with _pausing(stack, 0.0, 0.0, LEASE_SECONDS - 0.5):
        stack.outside.on_call = freezer.called
        _until(freezer.is_over, seconds + FREEZES * (LEASE_SECONDS + THAW_SECONDS))
        stack.outside.on_call = None
        freezer.thaw_all()
    stack.hit["frozen"] += FREEZES - freezer.left_over


def streams_killed(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """What tells those who watch dies, again and again."""
    for _ in range(KILLS):
        time.sleep(seconds / KILLS)
        stack.fleet.kill(STREAMS)
        stack.hit["streams killed"] += 1


def clocks_wrong(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """The clocks of webs and workers are five minutes ahead and behind; the database's is right."""
    library = str(clocks.library())
    for number, name in enumerate((*WEBS, *WORKERS)):
        sign = "+" if number % 2 else "-"
        stack.fleet.change([name], LD_PRELOAD=library, FAKETIME=f"{sign}{WRONG_BY}", FAKETIME_DONT_FAKE_MONOTONIC="1")
    stack.await_web()
    stack.hit["clocks wrong"] += len((*WEBS, *WORKERS))
    time.sleep(seconds)
    stack.fleet.change((*WEBS, *WORKERS), LD_PRELOAD=None, FAKETIME=None, FAKETIME_DONT_FAKE_MONOTONIC=None)


def outside_misbehaves(*behaviours: str) -> Inject:
    """The system outside answers many calls in these ways."""

    def inject(stack: Stack, _chance: random.Random, seconds: float) -> None:
        stack.outside.misbehave(0.6, *behaviours)
        time.sleep(seconds)
        stack.outside.misbehave(0.0)
        stack.hit["misbehaved"] += stack.outside.oddities()

    return inject


def github_misbehaves(stack: Stack, _chance: random.Random, seconds: float) -> None:
    """GitHub drops answers, names no run, limits and fails."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for behaviour in ("drop", "answer_204", "rate_limit", "fail"):
            stack.tell_github(behaviour)
            stack.hit["behaviours asked for"] += 1
            time.sleep(0.3)
    stack.tell_github(None)


def rolled(stack: Stack, _chance: random.Random, _seconds: float) -> None:
    """Every process is asked to go by SIGTERM, one after the other, and the next one started when it has gone."""
    for name in (*WORKERS, *WEBS, *STREAMS):
        stack.rolled[name] = stack.fleet.roll(name)
        stack.hit["rolled"] += 1
    stack.await_web()


def all_killed(stack: Stack, chance: random.Random, seconds: float) -> None:
    """Everything dies at once: webs, workers, PostgreSQL, Redis."""
    time.sleep(seconds * chance.uniform(0.3, 0.6))
    stack.fleet.kill(EVERYBODY)
    stack.postgres.kill()
    stack.valkey.kill()
    stack.hit["all killed"] += 1
    time.sleep(0.5)
    stack.postgres.start()
    stack.valkey.start()
    time.sleep(seconds * 0.3)


FAULTS: tuple[Fault, ...] = (
    Fault("nothing", calm, silent=True),
    Fault("web killed before the commit", death_at("web-before-commit")),
    Fault("web killed after the commit", death_at("web-after-commit")),
    Fault("web killed after the bell", death_at("web-after-ring")),
    Fault("worker killed before the call", death_at("worker-before-call")),
    Fault("worker killed during the call", killed_during_the_call),
    Fault("worker killed after the call", death_at("worker-after-call")),
    Fault("worker killed before it commits", death_at("worker-before-record")),
    Fault("worker killed after the record", death_at("worker-after-record")),
    Fault("Terraform killed mid-apply", terraform_killed, builds=4),
    Fault("worker killed mid-apply", worker_of_terraform_killed, builds=4),
    Fault("bells rung twice, late or never", bells_muddled),
    Fault("many sweeps at once", many_sweeps),
    Fault("FLUSHALL", flushed),
    Fault("Redis killed", redis_killed),
    Fault("Redis full", redis_full, silent=True),
    Fault("Redis black-holed", redis_black_holed, silent=True),
    Fault("PostgreSQL killed", postgres_killed),
    Fault("connections cut during COMMIT", commits_cut),
    Fault("worker cut off from PostgreSQL", worker_cut_off, builds=3, silent=True),
    Fault("worker frozen", worker_frozen, builds=2),
    Fault("streams killed", streams_killed),
    Fault("clocks wrong by 5 minutes", clocks_wrong, cannot=clocks.missing),
    Fault("outside slow or hanging", outside_misbehaves("slow", "hang")),
    Fault("outside answers 5xx or 429", outside_misbehaves("500 before", "500 after", "429")),
    Fault("outside malformed or huge", outside_misbehaves("malformed", "huge")),
    Fault("outside resets connections", outside_misbehaves("reset before", "reset after")),
    Fault("GitHub misbehaves", github_misbehaves),
    Fault("rolling restart", rolled, builds=2),
    Fault("everything killed at once", all_killed, builds=2),
)


def _kill_while_applying(stack: Stack, kill: Callable[[int], None]) -> None:
    """Kill twice, each time while some Terraform applies. The load brings its builds in a while: they are waited for."""
    until, left = time.monotonic() + APPLY_SECONDS, 2
    while left > 0 and time.monotonic() < until:
        applying = [pid for pid, line in command_lines() if b" apply " in line and b"terraform" in line.lower()]
        if applying:
            with suppress(ProcessLookupError):
                kill(applying[-1])
                stack.hit["killed mid-apply"] += 1
            left -= 1
            time.sleep(0.5)
        time.sleep(0.03)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@contextmanager
def _pausing(stack: Stack, *pauses: float) -> Iterator[None]:
    """The outside works on each call for one of these times."""
    stack.outside.pauses = pauses
    try:
        yield
    finally:
        stack.outside.pauses = (0.0,)


@contextmanager
def _mood(stack: Stack, names: tuple[str, ...] | list[str], mood: Mood) -> Iterator[None]:
    for name in names:
        stack.pg_proxies[name].become(mood)
    try:
        yield
    finally:
        for name in names:
            stack.pg_proxies[name].become(Mood.HONEST)


@contextmanager
def _changed(stack: Stack, names: tuple[str, ...], **env: str) -> Iterator[None]:
    before = {key: (stack.fleet.members[names[0]].child.launch.env or {}).get(key) for key in env}
    stack.fleet.change(names, **env)
    try:
        yield
    finally:
        stack.fleet.change(names, **before)


def _until(what: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not what() and time.monotonic() < until:
        time.sleep(0.05)
