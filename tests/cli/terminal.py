"""The program at a terminal: what it writes is read from a pseudo-terminal, and answers are typed when it asks."""

import os
import pty
import re
import select
import signal
import subprocess
import time

from tests.fixtures.program import PROGRAM, Program

PATIENCE = 20.0
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """One run of the program. `text` is all that it wrote so far."""

    def __init__(self, program: Program, *words: str) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**program.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
        self.process = subprocess.Popen(
            [PROGRAM, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.text = ""
        self._seen = 0

    def asked(self, words: str) -> "Terminal":
        """Wait until it has written `words` after what was waited for last."""
        deadline = time.monotonic() + PATIENCE
        while (place := self.text.find(words, self._seen)) < 0:
            assert time.monotonic() < deadline, f"{words!r} is not in:\n{self.text[self._seen :]}"
            assert self._read(), f"{words!r} is not in what it wrote to its end:\n{self.text}"
        self._seen = place + len(words)
        return self

    def type(self, text: str) -> None:
        os.write(self._ours, f"{text}\n".encode())

    def answer(self, *pairs: tuple[str, str]) -> None:
        """To each question its answer, in this order."""
        for question, text in pairs:
            self.asked(question).type(text)

    def interrupt(self) -> None:
        """Press Ctrl-C; once more where that fell between question and listening, where Python notes it and reads on."""
        for _ in range(4):
            time.sleep(0.1)
            self.process.send_signal(signal.SIGINT)
            if self._is_over(within=4):
                return

    def _is_over(self, within: float) -> bool:
        deadline = time.monotonic() + within
        while self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.process.returncode is not None

    def end(self) -> int:
        """Its exit code."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Leave nothing behind, whatever the test found."""
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], PATIENCE)
        try:
            chunk = os.read(self._ours, 65536) if ready else b""
        except OSError:  # Linux says so when the other end was closed
            chunk = b""
        self.text += COLOURS.sub("", chunk.decode().replace("\r\n", "\n"))
        return bool(chunk)
