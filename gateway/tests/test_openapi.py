"""The joined document: nothing lost, nothing merged that differs."""

from typing import Any

import pytest

from gateway.openapi import joined


def document(path: str, model: dict[str, Any], **more: dict[str, Any]) -> dict[str, Any]:
    answer = {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Out"}}}}}
    return {
        "paths": {path: {"get": {"responses": answer}}},
        "components": {"schemas": {"Out": model, **more}},
    }


def test_paths_of_all_services_stand_in_one_document() -> None:
    both = joined(
        {"one": document("/a", {"type": "object"}), "two": document("/b", {"type": "object"})},
        title="t",
        version="1",
    )
    assert set(both["paths"]) == {"/a", "/b"}
    assert set(both["components"]["schemas"]) == {"Out"}


def test_models_of_one_name_that_differ_keep_their_own_meaning() -> None:
    both = joined(
        {"one": document("/a", {"type": "object"}), "two": document("/b", {"type": "array"})},
        title="t",
        version="1",
    )
    schemas = both["components"]["schemas"]
    reference = both["paths"]["/b"]["get"]["responses"]["200"]["content"]["application/json"]["schema"][
        "$ref"
    ]
    assert schemas["Out"] == {"type": "object"}
    assert schemas[reference.rpartition("/")[2]] == {"type": "array"}


def test_a_model_that_refers_to_a_renamed_one_is_renamed_with_it() -> None:
    holder = {"type": "object", "properties": {"out": {"$ref": "#/components/schemas/Out"}}}
    both = joined(
        {
            "one": document("/a", {"type": "object"}, Holder=holder),
            "two": document("/b", {"type": "array"}, Holder=holder),
        },
        title="t",
        version="1",
    )
    schemas = both["components"]["schemas"]
    assert schemas["Holder"]["properties"]["out"]["$ref"] == "#/components/schemas/Out"
    assert schemas["TwoHolder"]["properties"]["out"]["$ref"] == "#/components/schemas/TwoOut"


def test_a_path_that_two_services_claim_is_an_error() -> None:
    with pytest.raises(ValueError, match="/a"):
        joined({"one": document("/a", {}), "two": document("/a", {})}, title="t", version="1")
