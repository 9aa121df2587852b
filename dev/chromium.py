"""See to it that there is a Chromium for the browser tests: the system's own, from apt where we may install it."""

import os
import shutil
import subprocess
import sys

from dev.bootstrap import FailedError, apt_install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ["chromium", "fonts-liberation"]


def find() -> str | None:
    """The program's path; None without one that starts (Ubuntu's `chromium-browser` may be a note that one is to be had)."""
    for name in NAMES:
        path = shutil.which(name)
        if path and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0:
            return path
    return None


def ensure() -> bool:
    """Whether there is one now, after installing it where that is allowed and needed."""
    if find():
        return True
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    print("Installing Chromium with apt …", flush=True)
    try:
        apt_install(PACKAGES)
    except FailedError as failed:
        print(failed)
    return find() is not None


def main() -> int:
    """0 when the browser tests can run, or may be left out; 1 when they cannot although CI wants all of them."""
    if ensure():
        return 0
    print("Not run: the browser tests, since there is no Chromium (apt-get install chromium).", flush=True)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
