"""Says what readers of an earlier commit's events would not survive: ``python -m tests.contracts.compare_contracts v1``.

Silent and 0 when everybody survives. The snapshots of that commit count, so deleting one here hides nothing.
"""

import sys

from .compatibility import refusals
from .event_schemas import agreed_at, current

if __name__ == "__main__":
    if refused := refusals(agreed_at(sys.argv[1]), current()):
        sys.exit("\n".join(refused))
