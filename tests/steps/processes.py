"""What tests of stopped runs share: modules that take their time, marks on command lines, and waiting."""

import os
import time
import uuid
from datetime import timedelta
from pathlib import Path

SLOW = """
resource "terraform_data" "first" {{ input = "there" }}
resource "terraform_data" "slow" {{
  input = terraform_data.first.id
  provisioner "local-exec" {{ command = "{command}" }}
}}
"""


def sleeper(command="echo started; sleep {mark}"):
    """A module that sleeps while it builds its second resource, and a mark that this process carries on its command line."""
    mark = f"61.{uuid.uuid4().int % 10**9}"
    return SLOW.format(command=command.format(mark=mark)), mark


def alive(mark):
    """The processes that have `mark` in their command line, this one apart."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "cmdline").read_bytes() and process.name != str(os.getpid()):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_until(condition, seconds):
    """Whether `condition` came true in time. Once is enough: asked a second time it may say something else."""
    until = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return met


def enough_to_begin(place):
    """A budget in which a run comes to its apply, however busy this machine is just now."""
    begun = time.monotonic()
    place.call("probe", "", noted={"planned": []})
    return timedelta(seconds=3 + 3 * (time.monotonic() - begun))


class StoppingAt(list):
    """A log that calls `act` when a line says `word`."""

    def __init__(self, word, act):
        super().__init__()
        self._word, self._act = word, act

    def append(self, line):
        super().append(line)
        if self._word in line:
            self._act()
