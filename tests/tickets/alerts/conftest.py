from collections.abc import AsyncIterator

import pytest

from tests.tickets.alerts.sms_pairs import Pair, aliyun, tencent


@pytest.fixture(params=[aliyun, tencent], ids=["aliyun", "tencent"])
async def pair(request: pytest.FixtureRequest) -> AsyncIterator[Pair]:
    async with request.param() as made:
        yield made
