"""What a process is told by its environment: variables named ``HOTLINE_…``, and files for what is secret.

``docs/operations/processes.md`` has the table for people; a test holds it against these models.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_core import PydanticUndefined
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from hotline_contracts.values import DEFAULT_SITE

PREFIX = "HOTLINE_"
DELIMITER = "__"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"
DEFAULT_SECRETS_DIR = "/run/secrets/hotline"

Settings = TypeVar("Settings", bound="ProcessSettings")


class SettingsWrong(Exception):
    """Lines of text: which variables are missing or wrong. Never a value."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


def _address(schemes: Sequence[str], *, bare: bool) -> AfterValidator:
    def check(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in schemes or not rest.strip("/"):
            raise ValueError(f"must begin with {' or '.join(f'{s}://' for s in schemes)}")
        if bare and "/" in rest.rstrip("/"):
            raise ValueError("must be a base address without a path")
        return value.rstrip("/") if bare else value

    return AfterValidator(check)


Text = Annotated[str, Field(min_length=1)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
BaseAddress = Annotated[str, _address(("http", "https"), bare=True)]
KeysAddress = Annotated[str, _address(("https", "http", "file"), bare=False)]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DatabaseSettings(_Group):
    """The service's own PostgreSQL database.

    Attributes:
        host: name, address, or the folder of a socket.
    """

    host: Text
    port: PortNumber = 5432
    name: Text
    user: Text
    password: SecretStr

    @property
    def dsn(self) -> dict[str, Any]:
        """Asyncpg's connection arguments."""
        return {
            "host": self.host,
            "port": self.port,
            "database": self.name,
            "user": self.user,
            "password": self.password.get_secret_value(),
        }


class KafkaSettings(_Group):
    """The brokers, and how topics are made there.

    Attributes:
        namespace: prefix of topics and groups, where several installations share a broker.
    """

    bootstrap: Text
    replication: Annotated[int, Field(ge=1)] = 3
    min_insync: Annotated[int, Field(ge=1)] = 2
    namespace: str = ""


class OidcSettings(_Group):
    """Whose tokens count, and where the issuer's public keys are."""

    issuer: Text
    jwks_url: KeysAddress


class ServiceAddresses(_Group):
    """Base addresses of the services behind the gateway."""

    intake: BaseAddress
    routing: BaseAddress
    sla: BaseAddress
    evaluation: BaseAddress
    knowledge: BaseAddress


class ProcessSettings(BaseSettings):
    """Settings of every process.

    Attributes:
        host: where ports are opened.
        port: of what is served.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        secrets_dir_missing="ok",
    )

    host: Text = "0.0.0.0"  # noqa: S104 - a container's own address; the network policy says who reaches it
    port: PortNumber = 8080

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables first, then files."""
        del settings_cls, dotenv_settings
        folder = os.environ.get(SECRETS_DIR, DEFAULT_SECRETS_DIR)  # noqa: TID251 - settings are read here
        return (
            init_settings,
            env_settings,
            NestedSecretsSettingsSource(file_secret_settings, secrets_dir=folder),
        )


class ServiceSettings(ProcessSettings):
    """Settings of a service, the same for all of its roles.

    Attributes:
        health_port: /livez and /readyz of the roles that serve nothing else.
    """

    database: DatabaseSettings
    kafka: KafkaSettings
    oidc: OidcSettings
    site: Text = DEFAULT_SITE
    master_keys_dir: Path
    health_port: PortNumber = 8081


class GatewaySettings(ProcessSettings):
    """Settings of the gateway."""

    services: ServiceAddresses


def variables_of(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, Any]]:
    """Every variable of a settings model with its default; ``PydanticUndefined`` where it is required."""
    for name, field in model.model_fields.items():
        variable = prefix + name.upper()
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from variables_of(group, variable + DELIMITER)
        else:
            yield variable, field.default


def read_settings(model: type[Settings]) -> Settings:
    """The settings of this process.

    Raises:
        SettingsWrong: variables are missing, unknown or of the wrong form.
    """
    known = {name for name, _ in variables_of(model)} | {SECRETS_DIR}
    unknown = [
        name
        for name in sorted(os.environ)  # noqa: TID251 - settings are read here
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]
    lines = [f"{name}: no such setting" for name in unknown]
    try:
        settings = model()
    except ValidationError as wrong:
        lines += [line for line in _lines(model, wrong) if line.partition(":")[0] not in unknown]
    except SettingsError as wrong:
        lines.append(str(wrong))
    if lines:
        raise SettingsWrong(lines)
    return settings


def _lines(model: type[BaseModel], wrong: ValidationError) -> Iterator[str]:
    variables = [name for name, _ in variables_of(model)]
    for error in wrong.errors(include_input=False, include_url=False, include_context=False):
        place = PREFIX + DELIMITER.join(str(part).upper() for part in error["loc"])
        if error["type"] != "missing":
            yield f"{place}: {error['msg']}"
            continue
        required = {name for name, default in variables_of(model) if default is PydanticUndefined}
        group = [name for name in variables if name.startswith(place + DELIMITER) and name in required]
        yield from (f"{name}: missing" for name in group or [place])
