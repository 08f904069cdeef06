"""The city's data and its plans: consistent with the contract, repeatable, and shaped like a city's day."""

import re
from collections import Counter
from datetime import date, timedelta
from itertools import islice

import chinese_calendar
import pytest
from rich.cells import cell_len

from hotline_contracts.values import ROLES
from hotline_local.city import Plan, Spec, city_requests, make_plan
from hotline_local.city.arrivals import day_weight
from hotline_local.city.naming import REASON_NAMES
from hotline_local.city.player import DEEDS
from hotline_local.city.profiles import profile_names
from hotline_local.city.registry import BY_AREA, the_city
from hotline_local.city.texts import declined_matters, matters, words
from hotline_local.city.workdays import works_on
from intake_svc.adapters.category_file import shipped_tree
from intake_svc.entrypoints.schemas import RequestIn

SPEC = Spec()
PLAN = make_plan(SPEC)
CITY = the_city()


def test_the_same_spec_gives_the_same_plan_and_another_seed_another_one() -> None:
    assert make_plan(Spec()).digest() == PLAN.digest()
    assert make_plan(Spec(seed=1)).digest() != PLAN.digest()


def test_the_city_has_the_119_units_of_the_contract() -> None:
    groups = Counter(unit.group for unit in CITY.units.values())
    assert groups == {"county": 8, "department": 45, "public_service": 36, "provincial": 30}
    for code, unit in CITY.units.items():
        pattern = {
            "county": r"5204(0[23]|2[2-5]|00-M[12])",
            "department": r"520400-D\d\d",
            "public_service": r"520400-E\d\d",
            "provincial": r"520400-P\d\d",
        }[unit.group]
        assert re.fullmatch(pattern, code)
    names = [unit.name for unit in CITY.units.values()]
    assert len(set(names)) == len(names)
    assert max(cell_len(name) for name in names) <= 12


def test_every_category_of_the_tree_leads_to_a_unit_in_every_area() -> None:
    leaves = [
        third.path for first in shipped_tree().roots for second in first.children for third in second.children
    ]
    for area in [*(area.code for area in CITY.areas), "520400"]:
        for path in leaves:
            assert CITY.lead_for(path, area) in CITY.units, (path, area)


def test_every_unit_and_category_named_exists() -> None:
    tree = shipped_tree()
    for row in CITY.directory:
        tree.ensure_known(row.category)
        assert row.lead in CITY.units
    for matter in matters():
        assert matter.lead == BY_AREA or matter.lead in CITY.units
        if matter.category is not None:
            tree.ensure_known(matter.category)


def test_somebody_calls_about_every_unit() -> None:
    led = {matter.lead for matter in matters()} | {area.unit for area in CITY.areas}
    assert set(CITY.units) <= led


@pytest.mark.parametrize("scale", [0.05, 1.0])
def test_every_request_is_one_that_intake_accepts(scale: float) -> None:
    for life in make_plan(Spec(scale=scale)).lives:
        asked = RequestIn.model_validate(life.body)
        asked.ensure_fits_channel()
        assert len(asked.subject) <= 40, asked.subject


def test_channel_numbers_are_unique() -> None:
    refs = [life.ref for life in PLAN.lives]
    assert len(set(refs)) == len(refs)
    assert all(life.ref == life.body["channel_ref"] for life in PLAN.lives)


def test_phones_are_of_the_fictional_range() -> None:
    phones = [life.body["requester"]["phone"] for life in PLAN.lives if "requester" in life.body]
    assert phones
    assert all(re.fullmatch(r"138000\d{5}", phone) for phone in phones)


def test_texts_are_varied() -> None:
    told = [life.body["description"] for life in PLAN.lives]
    assert len(set(told)) > 0.9 * len(told)
    assert not any(re.search(r"[{}]", text) for text in told)


def test_a_day_has_its_peaks_in_the_morning_and_in_the_afternoon() -> None:
    ordinary = Counter(life.at.hour for life in PLAN.lives if life.event is None)
    assert min(ordinary[hour] for hour in (9, 10, 15, 16)) > max(ordinary[hour] for hour in (12, 13, 19, 23))
    assert sum(ordinary[hour] for hour in range(1, 6)) < ordinary[10]
    assert 700 < len(PLAN.lives) < 1000


def test_a_week_is_quiet_at_its_end_and_on_holidays() -> None:
    monday = date(2026, 5, 11)
    assert (
        day_weight(monday) > day_weight(monday + timedelta(days=4)) > day_weight(monday + timedelta(days=5))
    )
    assert day_weight(date(2026, 5, 1)) < day_weight(date(2026, 5, 9)) < 1


@pytest.mark.rule("N2")
def test_all_types_channels_and_classes_of_decline_come() -> None:
    assert len({life.body["type"] for life in PLAN.lives}) == 7
    assert len({life.body["channel"] for life in PLAN.lives}) == 7
    declined = [act.body["reason"] for life in PLAN.lives for act in life.acts if act.do == "decline"]
    assert set(declined) == set(REASON_NAMES)
    assert {matter.reason for matter in declined_matters()} | {"repeat"} == set(REASON_NAMES)


def test_everything_that_can_be_done_is_done() -> None:
    done = {act.do for life in PLAN.lives for act in life.acts}
    assert done == set(DEEDS)
    assert {deed.role for deed in DEEDS.values()} <= ROLES
    assert {act.body["outcome"] for life in PLAN.lives for act in life.acts if act.do == "attempt"} == {
        "unreachable", "call_later", "refused", "wrong_number",
    }  # fmt: skip


def test_a_main_bursts_in_the_night_of_a_holiday_and_many_call_at_once() -> None:
    main = [life for life in PLAN.lives if life.event == "main"]
    assert len(main) > 20
    assert {life.emergent for life in main} == {"area_outage"}
    assert {(life.at.month, life.at.day) for life in main} == {(5, 1)}
    assert max(life.at.hour for life in main) < 6
    assert main[0].supports


def test_nothing_happens_outside_the_plan_and_a_life_runs_forward() -> None:
    for life in PLAN.lives:
        instants = [life.at, *(act.at for act in life.acts)]
        assert instants == sorted(instants)
        assert PLAN.begins <= instants[0]
        assert instants[-1] < PLAN.ends
        # At one instant a ticket does one thing.
        assert len(set(instants)) == len(instants)


def test_some_units_are_fast_some_slow_and_two_never_sign() -> None:
    profiles = profile_names(SPEC.seed)
    counts = Counter(profiles.values())
    assert counts["never"] == 2
    assert min(counts["fast"], counts["slow"]) > 10
    never = {code for code, name in profiles.items() if name == "never"}
    silent = [life for life in PLAN.lives if life.lead in never]
    assert len(silent) >= 10
    assert {act.do for life in silent for act in life.acts if act.unit in never} == {"dispatch"}


def test_the_ranking_means_something() -> None:
    led = Counter(life.lead for life in PLAN.lives)
    for group in ("county", "department", "public_service", "provincial"):
        enough = [code for code, unit in CITY.units.items() if unit.group == group and led[code] >= 5]
        assert len(enough) >= 8


def test_a_month_has_more_days_than_a_day() -> None:
    month = make_plan(Spec(scale=0.05, days=31))
    days = Counter(life.at.date() for life in month.lives)
    assert len(days) >= 31
    assert days[date(2026, 5, 3)] < days[date(2026, 5, 11)]
    assert month.ends - month.begins > timedelta(days=50)
    assert len({life.ref for life in month.lives}) == len(month.lives)


@pytest.mark.rule("T1")
def test_the_calendar_of_the_oracle_is_the_notice_of_2026() -> None:
    day = date(2026, 1, 1)
    while day.year == 2026:
        assert works_on(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_the_load_never_ends_and_repeats_no_channel_number() -> None:
    sent = list(islice(city_requests(7), 2500))
    assert len({body["channel_ref"] for body in sent}) == len(sent)
    assert sent[:50] == list(islice(city_requests(7), 50))
    for body in sent[::25]:
        RequestIn.model_validate(body).ensure_fits_channel()


def test_words_of_the_replies_cover_what_is_proposed() -> None:
    proposed = {act.body["determination"] for life in PLAN.lives for act in life.acts if act.do == "reply"}
    assert proposed <= set(words()["replies"])


def months_in(plan: Plan) -> set[int]:
    return {act.at.month for life in plan.lives for act in life.acts}


def test_the_day_is_followed_into_the_month_in_which_all_of_it_is_due() -> None:
    assert months_in(PLAN) == {4, 5}
