"""A worker that knows the bench's step types besides the portal's; otherwise it is `worker.py`."""

import worker
from bench import noop

if __name__ == "__main__":
    noop.register()
    worker.main()
