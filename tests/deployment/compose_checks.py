"""compose.yaml: fits the Compose specification, and is the same process layout, told the same things."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import yaml

from .code import ServiceCode, release
from .rendering import ROOT, TMP, Resource
from .settings_checks import complaints

COMPOSE = ROOT / "deploy/compose.yaml"
OTHERS = {"keys", "token", "postgres", "kafka"}
_SCHEMA = json.loads(
    files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text(encoding="utf-8")
)


def read(text: str) -> Resource:
    """The project; what Compose would put in for ``${…}`` stays as it is written."""
    project: Resource = yaml.safe_load(text)
    return project


def unfit(project: Resource) -> Iterator[str]:
    for wrong in jsonschema.Draft202012Validator(_SCHEMA).iter_errors(project):
        yield f"{'.'.join(map(str, wrong.path))}: {wrong.message}"


def processes(project: Resource) -> Mapping[str, dict[str, Any]]:
    return {name: spec for name, spec in project["services"].items() if name not in OTHERS}


def wrong_roles(project: Resource, code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """Each role of each service once, on its own image, built by the one Dockerfile."""
    found = [tuple(spec["command"]) for spec in processes(project).values()]
    wanted = {(service.package, role) for service in code.values() for role in service.roles}
    yield from (f"{package} {role} does not run" for package, role in sorted(wanted - set(found)))
    yield from (f"{package} has no role {role}" for package, role in sorted(set(found) - wanted))
    yield from (f"{each} runs twice" for each in sorted({each for each in found if found.count(each) > 1}))
    for name, spec in processes(project).items():
        service = spec["command"][0].replace("_", "-")
        if spec["image"] != f"hotline/{service}:{release()}":
            yield f"{name} runs {spec['image']}"
        if spec["build"] != {
            "context": "..",
            "dockerfile": "deploy/Dockerfile",
            "args": {"SERVICE": service},
        }:
            yield f"{name} is built by {spec['build']}"


def wrong_settings(project: Resource, code: Mapping[str, ServiceCode]) -> Iterator[str]:
    by_package = {service.package: service for service in code.values()}
    for name, spec in processes(project).items():
        service = by_package.get(spec["command"][0])
        if service is not None:
            yield from (f"{name}: {line}" for line in complaints(service, spec.get("environment", {})))


def wrong_addresses(project: Resource, code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """Hosts in settings are names of this project, at the ports where they answer."""
    answers = {service: code[service].port for service in code} | {"kafka": 9092}
    told = (
        {"gateway": project["services"]["gateway"]["environment"]} if "gateway" in project["services"] else {}
    )
    for variable, address in told.get("gateway", {}).items():
        service = variable.removeprefix("HOTLINE_SERVICES__").lower() + "-svc"
        if address != f"http://{service}:{answers.get(service)}" or service not in project["services"]:
            yield f"gateway: {variable} leads to {address}"
    for name, spec in processes(project).items():
        if name != "gateway":
            environment = spec["environment"]
            if environment.get("HOTLINE_DATABASE__HOST") not in project["services"]:
                yield f"{name}: its database is nowhere"
            host, _, port = environment.get("HOTLINE_KAFKA__BOOTSTRAP", "").partition(":")
            if host not in project["services"] or port != str(answers.get(host)):
                yield f"{name}: its broker is nowhere"


def wrong_databases(project: Resource) -> Iterator[str]:
    """PostgreSQL's first start makes each service its own user and database."""
    made = project["configs"]["databases"]["content"]
    wanted = {
        (spec["environment"]["HOTLINE_DATABASE__NAME"], spec["environment"]["HOTLINE_DATABASE__USER"])
        for spec in processes(project).values()
        if "HOTLINE_DATABASE__NAME" in spec.get("environment", {})
    }
    for name, user in sorted(wanted):
        if f"CREATE ROLE {user} LOGIN PASSWORD" not in made:
            yield f"nobody makes the user {user}"
        if f"CREATE DATABASE {name} OWNER {user};" not in made:
            yield f"nobody makes the database {name} for {user}"
    if len({user for _, user in wanted}) != len(wanted):
        yield "services share a user"


def unrestricted(project: Resource) -> Iterator[str]:
    """As in the cluster: a read-only root, no capabilities, no new privileges, nothing open but on loopback."""
    for name, spec in processes(project).items():
        if not (spec.get("read_only") and spec.get("cap_drop") == ["ALL"] and spec.get("tmpfs") == [TMP]):
            yield f"{name} is not restricted"
        if spec.get("security_opt") != ["no-new-privileges:true"] or spec.get("privileged") or "user" in spec:
            yield f"{name} may gain privileges"
    for name, spec in project["services"].items():
        for port in spec.get("ports", []):
            if not str(port).startswith("127.0.0.1:"):
                yield f"{name} is open to other machines"


def wrong_health(project: Resource, code: Mapping[str, ServiceCode]) -> Iterator[str]:
    for name, spec in processes(project).items():
        package, role = spec["command"]
        service = code.get(package.replace("_", "-"))
        if service is not None and role != "migrate":
            port = service.port if role == "serve" else service.health_port
            if f"'http://127.0.0.1:{port}/readyz'" not in str(spec.get("healthcheck", {}).get("test")):
                yield f"{name} is not asked on {port}"


def wrong_backends(project: Resource) -> Iterator[str]:
    """The broker is the version that the tests run against; no topic appears by itself; no tag floats."""
    [version] = [
        element.text
        for element in ET.parse(ROOT / "deploy/kafka/pom.xml").iter()  # noqa: S314  our own file
        if element.tag.endswith("}kafka")
    ]
    kafka, postgres = project["services"]["kafka"], project["services"]["postgres"]
    if kafka["image"] != f"apache/kafka:{version}":
        yield f"the broker is {kafka['image']}, the tests' is {version}"
    if kafka["environment"].get("KAFKA_AUTO_CREATE_TOPICS_ENABLE") != "false":
        yield "topics appear by themselves"
    if postgres["image"] not in {"postgres:15", "postgres:18"}:
        yield f"nobody tested {postgres['image']}"


def written_secrets(project: Resource) -> Iterator[str]:
    for name, spec in project["services"].items():
        for variable, value in spec.get("environment", {}).items():
            if "PASSWORD" in variable and value != "${POSTGRES_PASSWORD:?}":
                yield f"{name}: {variable} is written here"


def wrong_volumes(project: Resource) -> Iterator[str]:
    """Keys are read-only for the processes, where they are told to look; the issuer's private key is nowhere near."""
    for name, spec in processes(project).items():
        wanted = spec.get("environment", {}).get("HOTLINE_MASTER_KEYS_DIR")
        if spec.get("volumes", []) != ([f"keys:{wanted}:ro"] if wanted else []):
            yield f"{name} mounts {spec.get('volumes')}"
