"""The images of all services, built once, and the production manifests."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from .code import services
from .dockerfile import DOCKERFILE, IGNORE
from .image_build import Workshop, send
from .rendering import PROD, ROOT, Resource, render


@pytest.fixture(scope="session")
def prod() -> list[Resource]:
    """The rendered overlay; whoever changes it changes a copy."""
    return render(PROD)


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The Dockerfile's own steps as far as they are the same for every service."""
    context = tmp_path_factory.mktemp("context")
    send(ROOT, context, IGNORE.read_text(encoding="utf-8"))
    return Workshop(context, tmp_path_factory.mktemp("image build"), DOCKERFILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def images(workshop: Workshop) -> Mapping[str, Path]:
    """The virtual environment of each service's image."""
    return {service: workshop.build(service) for service in services()}
