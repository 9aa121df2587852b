"""The stand-ins as programs: they listen on loopback where they are told to, and answer `/health`."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.outbound import OutboundFailed
from tests.steps.exchanges import LOOPBACK

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("module", ["dev.standins.github", "dev.standins.connections", "dev.standins.tfe"])
def test_a_stand_in_starts_and_is_healthy(module):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", module, "--port", str(port)], cwd=ROOT)
    try:
        assert healthy(port)
    finally:
        process.terminate()
        process.wait(10)


def healthy(port, seconds=20.0):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            return LOOPBACK.request("GET", f"http://127.0.0.1:{port}/health", timeout=1).status == 200
        except OutboundFailed:
            time.sleep(0.05)
    return False
