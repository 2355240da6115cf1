"""Who is answered first, and how many mails at once."""

import asyncio
from typing import Any, cast

from bot import workers
from bot.mail.postman import TRACE_MAIL
from bot.messages import Channel, InboundMessage, Thread
from bot.receive import accept
from storage.sqlite import SQLiteDatabase
from tests.fakes import PATIENCE_S
from tests.tickets.cast import MORNING
from tickets import conversations
from tickets.model import Message

LETTERS = workers.BATCH + 5


class Counting:
    """Answers nothing, and counts how many messages it is asked about at once."""

    def __init__(self, database: SQLiteDatabase) -> None:
        self._database = database
        self._under_way = 0
        self.most = 0
        self.answered: list[str] = []

    async def answer(self, message: Message) -> None:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        self.answered.append(message.text)
        await self._database.write(conversations.mark_decided, message.id, MORNING)
        self._under_way -= 1


async def test_a_chat_is_answered_before_the_mails_that_wait_and_mails_a_few_at_a_time(
    database: SQLiteDatabase,
) -> None:
    for number in range(LETTERS):
        letter = InboundMessage(
            Channel.MAIL,
            f"mail:{number}",
            f"lin{number}@example.cn",
            f"信{number}",
            MORNING,
            thread=Thread.NEW,
            facts={TRACE_MAIL: {"id": str(number)}},
        )
        await database.write(accept, letter)
    asked = InboundMessage(Channel.CHAT, "c1", "visitor", "轮胎?", MORNING + 60_000)
    await database.write(accept, asked)
    counting = Counting(database)
    async with asyncio.timeout(PATIENCE_S):
        await workers.answer_accepted(database, cast(Any, counting))()
    assert counting.answered[0] == "轮胎?"
    assert len(counting.answered) == LETTERS + 1
    assert counting.most <= workers.LETTERS_AT_ONCE + 1
