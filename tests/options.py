"""The options of our own that pytest takes."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=30, help="how often the crash journey kills the server")
    parser.addoption("--seed", type=int, default=20261121, help="what random journeys start from")
    parser.addoption("--pictures", action="store_true", help="renew docs/pictures/ from the browser journey")
