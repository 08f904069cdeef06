"""The public contract of HTTP stays what was agreed; a change of it is seen in the review."""

import copy
import json

from hotline_local.machine import Machine

from .openapi_document import DOCUMENT, differences, joined_document, operations


async def test_the_joined_document_is_what_was_agreed(machine: Machine) -> None:
    agreed = DOCUMENT.read_text(encoding="utf-8")
    current = await joined_document(machine)
    changes = differences(json.loads(agreed), json.loads(current))
    assert not changes, f"if this is meant, run make snapshots: {changes}"
    assert agreed == current, "run make snapshots"


def test_every_operation_is_under_the_contracts_paths() -> None:
    paths = {name.split(" ")[1] for name in operations(json.loads(DOCUMENT.read_text(encoding="utf-8")))}
    assert paths
    assert [path for path in sorted(paths) if not path.startswith(("/api/v1/", "/dev/"))] == []


def test_a_changed_operation_and_a_lost_model_are_named() -> None:
    before = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    after = copy.deepcopy(before)
    path, methods = next(iter(after["paths"].items()))
    method = next(iter(methods))
    methods[method]["summary"] = "something else"
    model = next(iter(after["components"]["schemas"]))
    del after["components"]["schemas"][model]
    assert differences(before, after) == [
        f"operation {method.upper()} {path} changed",
        f"model {model} is gone",
    ]
