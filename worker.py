"""A worker process: `python worker.py`, as many as you like, on as many machines. Each claims, runs, records and sweeps."""

import logging
import os
import signal
import socket
import threading
from datetime import timedelta
from types import FrameType
from typing import Any

from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import create_engine

from app.database import engine_options
from app.dispatch import ALLOWED, Doorbell
from app.jobs.folders import clear_abandoned
from app.jobs.leases import Leases
from app.jobs.perform import Performer
from app.jobs.runtime import Runtime, install
from app.lifecycle.engine.claims import Claimant
from app.lifecycle.files.stores import file_store
from app.logs import configure
from app.outbound import Outbound
from app.state_server import StateServer, StateStore
from app.steps.base import StepSettings
from app.vault import Vault
from config import Settings, load

log = logging.getLogger("stratus.worker")


class Listener(SimpleWorker):
    """RQ's loop on this worker's own queue: no fork a job, JSON only, and only functions of the allow-list."""

    max_connection_wait_time = 2

    def __init__(self, queue: Queue, name: str, stopping: threading.Event) -> None:
        self.stopping = stopping
        super().__init__([queue], name=name, connection=queue.connection, serializer=JSONSerializer)
        self.log_job_description = False

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """End RQ's patience with a Redis that is away, which has no end, when the worker is told to go."""
        if self.stopping.is_set():
            raise StopRequested
        super().heartbeat(timeout, pipeline)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run an allowed job; throw any other away unread, whoever put it there."""
        try:
            allowed = job.func_name in ALLOWED
        except DeserializationError:
            allowed = False
        if allowed:
            super().execute_job(job, queue)
        else:
            log.error("a job that no worker runs was thrown away", extra={"job": job.id})
            job.delete()

    def _install_signal_handlers(self) -> None:
        """Signals are the worker's, not RQ's: `main` has set them."""


def build(settings: Settings, name: str) -> Runtime:
    """Everything a worker needs, not started yet."""
    pool = {"pool_size": settings.worker_threads + 4, "max_overflow": 2 * settings.worker_threads}
    engine = create_engine(settings.database_url, **engine_options("stratus-worker", **pool))
    vault = Vault.from_text(settings.vault_ring)
    budget = timedelta(seconds=settings.step_timeout_seconds)
    states = StateServer(StateStore(engine, vault))
    performer = Performer(
        engine=engine,
        vault=vault,
        files=file_store(settings, engine.begin, vault),
        outbound=Outbound(settings.outbound_hosts, settings.outbound_rewrites, allow_loopback=settings.development),
        states=states,
        settings=StepSettings(
            github_api_url=settings.github_api_url,
            github_token=settings.github_token,
            terraform_binary=settings.terraform_binary,
            terraform_plugin_cache=settings.terraform_plugin_cache,
            tfe_api_url=settings.tfe_api_url,
            tfe_token=settings.tfe_token,
            tfe_organization=settings.tfe_organization,
        ),
        secrets=settings.step_secrets,
        default_budget=budget,
    )
    claimant = Claimant(name, timedelta(seconds=settings.lease_seconds), budget)
    heartbeats = create_engine(settings.database_url, **engine_options("stratus-worker", pool_size=1, max_overflow=0))
    leases = Leases(heartbeats, claimant, settings.worker_threads)
    doorbell = Doorbell(settings.redis_url)
    return Runtime(
        engine,
        doorbell,
        performer,
        leases,
        drain_seconds=settings.drain_seconds,
        threads=settings.worker_threads,
        team_requests=settings.team_requests,
        draft_days=settings.draft_days,
    )


def sweep_on(runtime: Runtime, name: str, seconds: float) -> None:
    """Sweep until the worker stops; see to it that a drain is queued, and drain by itself when Redis is away."""
    while not runtime.stopping.wait(seconds):
        try:
            runtime.sweep_once()
            if not runtime.doorbell.ask_to_drain(name):
                threading.Thread(target=runtime.drain, name="drain-without-redis", daemon=True).start()
        except Exception:
            log.exception("a sweep broke off; the next one comes")  # This thread must outlive every bug.


def listen(runtime: Runtime, name: str) -> None:
    """Hand RQ's drains to the runtime until the worker stops, whatever becomes of Redis in between."""
    while not runtime.stopping.is_set():
        try:
            runtime.doorbell.ask_to_drain(name)
            listener = Listener(runtime.doorbell.queue(name), f"{name}-{os.urandom(4).hex()}", runtime.stopping)
            listener.work(max_jobs=1, logging_level="WARNING", max_idle_time=2)
        except RedisError as error:
            log.warning("Redis does not answer", extra={"error": str(error)})
            runtime.stopping.wait(1.0)
        except Exception:
            log.exception("the listener broke off; the next one takes its place")
            runtime.stopping.wait(1.0)


def main() -> None:
    """Run until SIGTERM or SIGINT; then finish what runs, hand back what cannot finish in time, and go."""
    settings = load()
    configure(settings.log_level)
    name = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
    runtime = build(settings, name)
    install(runtime)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        runtime.stopping.set()
        timer = threading.Timer(settings.stop_grace_seconds, runtime.leases.stop_all)
        timer.daemon = True
        timer.start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    clear_abandoned()
    runtime.leases.start()
    sweeper = threading.Thread(target=sweep_on, args=(runtime, name, settings.sweep_seconds), name="sweep", daemon=True)
    sweeper.start()
    log.info("worker started", extra={"worker": name, "threads": settings.worker_threads})
    listen(runtime, name)
    runtime.finish()
    runtime.leases.stop()
    runtime.doorbell.forget(name)
    runtime.close()
    log.info("worker stopped", extra={"worker": name})


if __name__ == "__main__":
    main()
