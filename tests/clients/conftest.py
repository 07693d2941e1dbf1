# SPDX-License-Identifier: Apache-2.0
"""A real server process over the generated archive, for real clients."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from running import running
from support import World

from catalog.keys import KeyRequest
from catalog.model.principal import OPERATOR, Role


@pytest.fixture(scope="session")
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `hysope serve` over the data of `world`."""
    yield from _serve(world, tmp_path_factory.mktemp("server"), "limits: {harvest_page: 4}\n")


@pytest.fixture(scope="session")
def guarded_server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The same, with the land cover for the group `land`; and a key of a member."""
    _, key = world.services.catalog.keys.create(KeyRequest("bob", Role.USER, ("land",)), OPERATOR)
    for address in _serve(world, tmp_path_factory.mktemp("guarded-server"), "access: {oso-23: [land]}\n"):
        yield address, key


@pytest.fixture(scope="session")
def hydro_server(hydro: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `hysope serve` over stations."""
    yield from _serve(hydro, tmp_path_factory.mktemp("hydro-server"), "")


def _serve(world: World, folder: Path, configuration: str) -> Iterator[str]:
    (folder / "hysope.yaml").write_text(configuration)
    with running(["serve", "--data", str(world.settings.data)], folder) as server:
        yield server.address
