"""JSON pointers (RFC 6901) into what a client sent, without giving back what it wrote."""

import re
from collections.abc import Sequence
from typing import Any

_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


def pointer_within(document: Any, path: Sequence[str | int], *, missing: bool = False) -> str:
    """The pointer of ``path``, as far as it leads into ``document``.

    A validator's path can end in names of its own (branches of a union); those are left out, and so is
    a key that does not look like a field's name: it may be somebody's data.

    Args:
        document: the parsed body.
        path: keys and indices.
        missing: the last step names a field that is not there.
    """
    found = document
    steps: list[str] = []
    for position, step in enumerate(path):
        last = position == len(path) - 1
        if isinstance(found, dict) and isinstance(step, str) and _PLAIN_NAME.fullmatch(step):
            if step not in found and not (missing and last):
                break
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            break
        steps.append(f"/{step}")
    return "".join(steps)
