"""Accept what the API says now as what its clients are promised: `python -m tests.contracts.accept [--breaking]`."""

import sys

from tests.contracts.baseline import PATH, present, publish, published
from tests.contracts.compatibility import breaks


def main() -> None:
    """Write the baseline; without `--breaking` only when no client is broken by it."""
    document = present()
    broken = breaks(published(), document) if PATH.exists() else []
    for change in broken:
        sys.stderr.write(f"breaks clients: {change}\n")
    if broken and "--breaking" not in sys.argv[1:]:
        sys.exit("Nothing was written. Keep the old shape beside the new one, or give --breaking and say why in the commit.")
    publish(document)


if __name__ == "__main__":
    main()
