"""The table of refusals: slugs and statuses are the public contract, titles are for people."""

import re

import pytest

from hotline_contracts import problems
from hotline_contracts.problems import PROBLEMS, InvalidInput, NotAllowedInState, Refusal

STATUSES = {
    400: {"malformed-body"},
    401: {"unauthenticated"},
    403: {"forbidden"},
    404: {"not-found"},
    405: {"method-not-allowed"},
    409: {
        "already-rated",
        "already-redone",
        "channel-ref-used",
        "clock-only-forward",
        "idempotency-in-progress",
        "no-directory-match",
        "not-allowed-in-state",
        "redo-already-refused",
        "redo-not-requested",
        "system-clock",
        "unit-exists",
        "unit-in-use",
    },
    412: {"stale-version"},
    413: {"body-too-large"},
    415: {"unsupported-media-type"},
    422: {"idempotency-key-reused", "invalid-input", "no-limit", "unknown-category", "unknown-unit"},
    500: {"internal-error"},
    502: {"bad-gateway"},
    503: {"unavailable"},
    504: {"gateway-timeout"},
}
KEBAB = re.compile(r"[a-z]+(-[a-z]+)*")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
REFUSALS = [
    kind
    for kind in vars(problems).values()
    if isinstance(kind, type) and issubclass(kind, Refusal) and kind is not Refusal
]


def test_each_slug_has_the_status_of_the_contract() -> None:
    found: dict[int, set[str]] = {}
    for kind in PROBLEMS.values():
        found.setdefault(kind.status, set()).add(kind.slug)
    assert found == STATUSES


@pytest.mark.parametrize(("key", "kind"), PROBLEMS.items())
def test_a_slug_is_kebab_case_and_its_title_chinese(key: str, kind: problems.ProblemKind) -> None:
    assert key == kind.slug
    assert KEBAB.fullmatch(kind.slug)
    assert CHINESE.search(kind.title)


def test_no_two_problems_have_one_title() -> None:
    assert len({kind.title for kind in PROBLEMS.values()}) == len(PROBLEMS)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_is_named_as_its_slug_and_stands_in_the_table(refusal: type[Refusal]) -> None:
    assert refusal.slug in PROBLEMS
    words = re.findall(r"[A-Z][a-z]+", refusal.__name__)
    assert "-".join(words).lower().removeprefix("uses-") == refusal.slug


def test_invalid_input_names_the_place_and_the_reason() -> None:
    refused = InvalidInput.at("body", "/requester/phone", "不是电话号码")
    assert refused.kind.status == 422
    assert refused.extra == {
        "errors": [{"in": "body", "pointer": "/requester/phone", "message": "不是电话号码"}]
    }


def test_an_action_that_the_state_does_not_allow_is_refused_with_those_it_does() -> None:
    refused = NotAllowedInState("sign", "closed", ["archive", "redo"])
    assert refused.extra == {"state": "closed", "allowed": ["archive", "redo"]}
    assert refused.detail == "当前状态为 closed，不能执行 sign；可执行的操作：archive、redo。"
    assert "可执行的操作：无" in NotAllowedInState("sign", "withdrawn", []).detail
