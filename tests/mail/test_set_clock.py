"""Letters when the machine's clock is set: each goes out once, and none a day late."""

import asyncio
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.conftest import StartServer
from tests.fakes import Clock
from tests.mail.arrivals import until
from tests.mail.desk import HOUR, MINUTE, Office, mail_settings, mailbox
from tests.tickets.alerts.peers import Mailbox
from tickets.mail.sent import SentState

DAY = 24 * HOUR


@dataclass
class Slow(Mailbox):
    """A mail server that has the whole letter and does not say so yet."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.reached.set()
        await self.goes_on.wait()
        return answer


async def office(start_server: StartServer, clock: Clock, port: int) -> Office:
    """One that looks at its deadlines, and at the clock, all the time."""
    server = await start_server(mail=mail_settings(mailbox(port), timeout="20s"), escalation={"sweep_every": "10ms"})
    return await Office.staffed(server, clock)


async def test_a_letter_that_waits_for_another_attempt_is_not_a_day_late_when_the_clock_is_set_back_by_one(
    start_server: StartServer, clock: Clock
) -> None:
    async with Mailbox(refuse={"RCPT": "451 4.3.0 later"}).open() as relay:
        desk = await office(start_server, clock, relay.port)
        asked = (await desk.mail_arrives()).message
        await desk.answers(await desk.ticket(asked))
        await desk.until_attempts(1)
        clock.advance(-DAY)

        async def begins_anew() -> bool:
            return bool((await desk.letters())[-1]["available_at"] <= clock() + HOUR)

        await until(begins_anew)
        assert await desk.due() == [], "it waits as long as it was meant to"
        relay.refuse.clear()
        begun = clock()

        async def is_sent() -> bool:
            clock.advance(MINUTE)
            desk.wakes()
            return (await desk.sent(asked.conversation_id))[-1].state is SentState.SENT

        await until(is_sent)
        assert clock() - begun < DAY
    assert len(relay.mails) == 1


async def test_a_letter_under_way_when_the_clock_is_set_forward_or_back_goes_out_once(
    start_server: StartServer, clock: Clock
) -> None:
    relay = Slow()
    async with relay.open():
        desk = await office(start_server, clock, relay.port)
        asked = (await desk.mail_arrives()).message
        await desk.answers(await desk.ticket(asked))
        await relay.reached.wait()
        for wrong in (HOUR, -DAY):
            clock.advance(wrong)

            async def is_kept() -> bool:
                desk.wakes()
                lease = (await desk.letters())[-1]["lease_until"]
                return lease is not None and clock() < lease < clock() + HOUR

            await until(is_kept)
        relay.goes_on.set()
        await desk.until_state(asked.conversation_id, SentState.SENT)
        clock.advance(2 * DAY)
        desk.wakes()
        await desk.until_row("sent")
    assert len(relay.mails) == 1
