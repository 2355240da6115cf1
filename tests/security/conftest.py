"""What the security tests ask for: the whole house with its people, and a real Chromium."""

import pytest

from tests.browser.conftest import browser, new_context
from tests.conftest import StartServer
from tests.security.house import GENEROUS, House, inhabit

__all__ = ["browser", "new_context"]


@pytest.fixture
async def house(start_server: StartServer) -> House:
    """The whole house, inhabited."""
    return await inhabit(await start_server(chat=GENEROUS))
