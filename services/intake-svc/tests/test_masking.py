import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_svc.domain.masking import mask_name, mask_phone, normalised_phone


@pytest.mark.rule("H2")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张*"),
        ("欧阳娜娜", "欧*"),
        ("张", "*"),
        (" 李四 ", "李*"),
        ("贵州某某建设有限公司", "贵*"),
        ("𠮷田", "𠮷*"),
    ],
)
def test_a_name_shows_its_first_character_and_not_its_length(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.rule("H2")
@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812341234", "138****1234"),
        ("+86 138-1234-1234", "138****1234"),
        ("0851-33221234", "085****1234"),
        ("33221234", "33****34"),
        ("12345", "****5"),
    ],
)
def test_a_phone_shows_its_ends_and_the_less_the_shorter_it_is(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@given(st.text("0123456789", min_size=5, max_size=20))
def test_a_masked_phone_hides_at_least_four_digits(phone: str) -> None:
    assert len(mask_phone(phone).replace("*", "")) <= len(normalised_phone(phone)) - 4 or len(phone) < 8


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("13812341234", "+86 138 1234 1234"),
        ("13812341234", "008613812341234"),
        ("13812341234", "8613812341234"),
        ("0851-33221234", "+86 851 3322 1234"),
        ("0851-33221234", "+86-0851-33221234"),
    ],
)
def test_spellings_of_one_number_are_one_number(one: str, other: str) -> None:
    assert normalised_phone(one) == normalised_phone(other)


@pytest.mark.parametrize(
    ("one", "other"), [("33221234", "0851-33221234"), ("16502530000", "+1 650 253 0000")]
)
def test_numbers_that_may_be_different_people_stay_apart(one: str, other: str) -> None:
    assert normalised_phone(one) != normalised_phone(other)
