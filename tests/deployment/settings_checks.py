"""What a container is told is what its process asks for: nothing missing, nothing unknown, and it can be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hotline_chassis.processes.settings import SettingsWrong, read_settings

from .code import ServiceCode
from .rendering import NAME, Resource, container_of, labels_of, name_of, of_kind, pod_of, workloads
from .workload_checks import role_of

SECRETS_DIR = "/run/secrets/hotline"
MASTER_KEYS = "HOTLINE_MASTER_KEYS_DIR"


def settings_of(workload: Resource, resources: list[Resource]) -> dict[str, str]:
    """The variables of a container, out of its ConfigMaps and its own list."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(resources, "ConfigMap")}
    told: dict[str, str] = {}
    for source in container_of(workload).get("envFrom", []):
        told |= maps.get(source["configMapRef"]["name"], {})
    return told | {each["name"]: each.get("value", "") for each in container_of(workload).get("env", [])}


def secret_files_of(workload: Resource) -> dict[str, str]:
    """The settings that lie as files in the secrets folder, each with the Secret it comes from."""
    mounted = {mount["mountPath"]: mount["name"] for mount in container_of(workload).get("volumeMounts", [])}
    volumes = {volume["name"]: volume for volume in pod_of(workload)["volumes"]}
    secret = volumes.get(mounted.get(SECRETS_DIR, ""), {}).get("secret", {})
    return {item["path"]: f"{secret['secretName']}/{item['key']}" for item in secret.get("items", [])}


def wrong_settings(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """The process's own reader is given what the container is given, and says what it thinks of it."""
    for workload in workloads(resources):
        name, _ = role_of(workload)
        if name in code:
            told, secret = settings_of(workload, resources), secret_files_of(workload)
            yield from (f"{name_of(workload)}: {line}" for line in complaints(code[name], told, secret))
            yield from _wrong_secrets(workload, told, secret)


def complaints(service: ServiceCode, told: Mapping[str, str], secret: Iterable[str] = ()) -> Sequence[str]:
    """What a process says that is started with these variables and these files in its secrets folder."""
    with TemporaryDirectory() as folder:
        for name in secret:
            (Path(folder) / name).write_text("a secret", encoding="utf-8")
        with patch.dict("os.environ", {**told, "HOTLINE_SECRETS_DIR": folder}, clear=True):
            try:
                read_settings(service.settings)
            except SettingsWrong as wrong:
                return wrong.lines
    return ()


def _wrong_secrets(workload: Resource, told: Mapping[str, str], secret: Mapping[str, str]) -> Iterator[str]:
    """A service sees its own password only; the master keys lie, read-only, where the process is told to look."""
    name = labels_of(workload)[NAME]
    for variable, source in secret.items():
        if source != f"{name}-database/password":
            yield f"{name_of(workload)}: {variable} comes from {source}"
    for mount in container_of(workload).get("volumeMounts", []):
        if mount["name"] != "tmp" and mount.get("readOnly") is not True:
            yield f"{name_of(workload)}: {mount['mountPath']} is not read-only"
    if MASTER_KEYS in told:
        volumes = {volume["name"]: volume for volume in pod_of(workload)["volumes"]}
        there = [
            volumes[mount["name"]].get("secret", {}).get("secretName")
            for mount in container_of(workload)["volumeMounts"]
            if mount["mountPath"] == told[MASTER_KEYS]
        ]
        if there != ["hotline-master-keys"]:
            yield f"{name_of(workload)}: no master keys in {told[MASTER_KEYS]}"


def shared_databases(resources: list[Resource]) -> Iterator[str]:
    """Every service has a database and a user of its own."""
    owners: dict[tuple[str, str], set[str]] = {}
    for workload in workloads(resources):
        told = settings_of(workload, resources)
        for variable in ("HOTLINE_DATABASE__NAME", "HOTLINE_DATABASE__USER"):
            if variable in told:
                owners.setdefault((variable, told[variable]), set()).add(role_of(workload)[0])
    for (variable, value), services in owners.items():
        if len(services) > 1:
            yield f"{variable}={value} is used by {sorted(services)}"


def unreachable_services(resources: list[Resource], code: Mapping[str, ServiceCode]) -> Iterator[str]:
    """The gateway's addresses are those of the Services."""
    addresses = {
        f"HOTLINE_SERVICES__{service['metadata']['name'].removesuffix('-svc').upper()}": (
            f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
        )
        for service in of_kind(resources, "Service")
        if service["metadata"]["name"] in code["gateway"].calls
    }
    for workload in workloads(resources):
        if role_of(workload)[0] == "gateway":
            told = {k: v for k, v in settings_of(workload, resources).items() if "SERVICES__" in k}
            for variable in sorted(told.keys() | addresses.keys()):
                if told.get(variable) != addresses.get(variable):
                    yield f"gateway: {variable}={told.get(variable)}, but the Service is {addresses.get(variable)}"
