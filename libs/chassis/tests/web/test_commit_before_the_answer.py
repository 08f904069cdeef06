"""A 2xx means durable; anything else means nothing stayed (docs/decisions/0004)."""

from .conftest import Sample


async def test_a_created_item_is_there_when_its_201_arrives(sample: Sample) -> None:
    answer = await sample.client.post("/api/v1/items", json={"title": "路灯"}, headers=sample.token("agent"))
    assert answer.status_code == 201, answer.text
    assert await sample.titles() == ["路灯"]
