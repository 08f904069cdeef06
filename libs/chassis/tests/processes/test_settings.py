"""Settings of a process: strict, complete in what they complain about, silent about values."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hotline_chassis.processes.settings import (
    GatewaySettings,
    ServiceSettings,
    SettingsWrong,
    read_settings,
    variables_of,
)

COMPLETE = {
    "HOTLINE_DATABASE__HOST": "db",
    "HOTLINE_DATABASE__NAME": "intake",
    "HOTLINE_DATABASE__USER": "intake",
    "HOTLINE_DATABASE__PASSWORD": "opensesame",
    "HOTLINE_KAFKA__BOOTSTRAP": "kafka:9092",
    "HOTLINE_OIDC__ISSUER": "https://identity.example.org",
    "HOTLINE_OIDC__JWKS_URL": "https://identity.example.org/jwks.json",
    "HOTLINE_MASTER_KEYS_DIR": "/keys",
}
Environment = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environment:
    """Sets variables of this process, besides ``COMPLETE``; None takes one away."""
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:  # noqa: TID251 - the test's own
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOTLINE_SECRETS_DIR", str(tmp_path))

    def set_variables(**changes: str | None) -> None:
        for name, value in {**COMPLETE, **changes}.items():
            if value is not None:
                monkeypatch.setenv(name, value)

    return set_variables


def complaints(model: type[ServiceSettings | GatewaySettings] = ServiceSettings) -> tuple[str, ...]:
    with pytest.raises(SettingsWrong) as refused:
        read_settings(model)
    return refused.value.lines


def test_what_is_not_said_has_the_defaults_of_the_layout(environment: Environment) -> None:
    environment()
    settings = read_settings(ServiceSettings)
    assert (settings.host, settings.port, settings.health_port) == ("0.0.0.0", 8080, 8081)  # noqa: S104 - what it says
    assert (settings.site, settings.database.port) == ("5204", 5432)
    assert (settings.kafka.replication, settings.kafka.min_insync, settings.kafka.namespace) == (3, 2, "")
    assert settings.database.dsn["password"] == "opensesame"


def test_a_secret_may_lie_in_a_file_and_a_variable_goes_before_it(
    environment: Environment, tmp_path: Path
) -> None:
    (tmp_path / "HOTLINE_DATABASE__PASSWORD").write_text("from the file\n")
    (tmp_path / "HOTLINE_DATABASE__USER").write_text("from the file\n")
    environment(HOTLINE_DATABASE__PASSWORD=None)
    settings = read_settings(ServiceSettings)
    assert settings.database.password.get_secret_value() == "from the file"
    assert settings.database.user == "intake"


def test_all_that_is_missing_is_named_at_once(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(HOTLINE_DATABASE__HOST=None, HOTLINE_OIDC__ISSUER=None, HOTLINE_OIDC__JWKS_URL=None)
    assert complaints() == (
        "HOTLINE_DATABASE__HOST: missing",
        "HOTLINE_OIDC__ISSUER: missing",
        "HOTLINE_OIDC__JWKS_URL: missing",
    )


@pytest.mark.parametrize(
    "name",
    ["HOTLINE_DATABSE__HOST", "HOTLINE_DATABASE__HOSTNAME", "HOTLINE_SERVICES__SLA", "HOTLINE_DATABASE"],
)
def test_a_setting_that_does_not_exist_is_refused(environment: Environment, name: str) -> None:
    environment(**{name: "x"})
    assert f"{name}: no such setting" in complaints()


def test_no_complaint_holds_a_value(environment: Environment) -> None:
    environment(
        HOTLINE_PORT="opensesame", HOTLINE_OIDC__JWKS_URL="ftp://opensesame", HOTLINE_FOO="opensesame"
    )
    lines = complaints()
    assert [line.partition(":")[0] for line in lines] == [
        "HOTLINE_FOO",
        "HOTLINE_PORT",
        "HOTLINE_OIDC__JWKS_URL",
    ]
    assert "opensesame" not in "".join(lines)


def test_settings_shown_by_mistake_hide_the_password(environment: Environment) -> None:
    environment()
    assert "opensesame" not in repr(read_settings(ServiceSettings))


def test_an_empty_variable_counts_as_missing(environment: Environment) -> None:
    environment(HOTLINE_KAFKA__BOOTSTRAP="")
    assert complaints() == ("HOTLINE_KAFKA__BOOTSTRAP: missing",)


@pytest.mark.parametrize("address", ["intake:8080", "ftp://intake", "http://intake/api", "http://"])
def test_a_service_has_a_base_address(
    monkeypatch: pytest.MonkeyPatch, environment: Environment, address: str
) -> None:
    for name in COMPLETE:
        monkeypatch.delenv(name, raising=False)
    for name, _ in variables_of(GatewaySettings):
        if name.startswith("HOTLINE_SERVICES__"):
            monkeypatch.setenv(name, "http://service:8080")
    assert read_settings(GatewaySettings).services.intake == "http://service:8080"
    monkeypatch.setenv("HOTLINE_SERVICES__INTAKE", address)
    assert [line.partition(":")[0] for line in complaints(GatewaySettings)] == ["HOTLINE_SERVICES__INTAKE"]


def table_of(page: str, heading: str) -> dict[str, str]:
    """Variable → default, out of the page's table under a heading."""
    section = page.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `HOTLINE_")]
    return {cells[0].strip().strip("`"): cells[1].strip().strip("`") for cells in rows}


@pytest.mark.parametrize(
    ("heading", "model"), [("服务的设置", ServiceSettings), ("网关的设置", GatewaySettings)]
)
def test_the_page_for_people_has_every_setting_with_its_default(heading: str, model: type[BaseModel]) -> None:
    page = (Path(__file__).parents[4] / "docs/operations/processes.md").read_text(encoding="utf-8")
    wanted = {
        name: "必填" if default is PydanticUndefined else str(default) or "空"
        for name, default in variables_of(model)
    }
    assert table_of(page, heading) == {**wanted, "HOTLINE_SECRETS_DIR": "/run/secrets/hotline"}
