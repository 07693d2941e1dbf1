import pytest
from stac_schemas import Schemas


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    return Schemas()
