"""From the mail to the desk: what the console's acts do in the whole house."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.console.texts import Language, sayer
from bot.mail.model import Mail
from bot.mail.settling.authenticity import Proof, Trust
from bot.mail.settling.loop import MailUnreadable
from bot.mail.settling.reading import Silence
from bot.mail.settling.threading import ThreadRule
from bot.mail.standing import Rule, judge
from tests.conftest import StartServer
from tests.console import cast as people
from tests.mail.post import FAILED, SETTINGS, Post, mail
from tests.security.house import Person
from tickets import conversations
from tickets.mail.inbox import Outcome, State, Withheld
from tickets.mail.limits import Withheld as Held

POISON = "毒信"
OTHERS = 19


@pytest.fixture
async def post(start_server: StartServer) -> Post:
    return Post(await start_server(mail=SETTINGS))


@pytest.fixture
async def supervisor(post: Post) -> AsyncIterator[Person]:
    cast = await post.server.database.write(people.hire)
    async with Person(post.server.url) as person:
        await person.log_in(cast.supervisor)
        yield person


async def press(person: Person, post: Post, mail_id: str, act: str) -> int:
    """Press a button of a mail's page as it stands there."""
    _, text = await person.get(f"/console/mail/{mail_id}")
    form = re.search(rf'action="/console/mail/{mail_id}/{act}".*?name="seen" value="(\d+)"', text, re.DOTALL)
    assert form is not None, f"there is no button for {act}"
    return (await person.post(f"/console/mail/{mail_id}/{act}", {"seen": form[1]}))[0]


async def test_one_mail_that_cannot_be_read_stops_no_other_is_announced_and_is_read_once_the_fault_is_mended(
    post: Post, supervisor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(read: Mail, own: frozenset[str]) -> object:
        if read.subject == POISON:
            raise MailUnreadable("a fault of the program")
        return judge(read, own)

    monkeypatch.setattr("bot.mail.settling.loop.judge", stumble)
    poison = await post.hand_in(mail(text="我的真话", subject=POISON))
    others = [await post.hand_in(mail(f"c{at}@example.cn", text=f"第 {at} 封")) for at in range(OTHERS)]
    assert [(await post.verdict(one))["state"] for one in others] == ["settled"] * OTHERS
    assert (await post.verdict(poison))["state"] == "quarantined"
    for path in ("/console", "/console/news"):
        assert "有 1 封邮件被隔离" in (await supervisor.get(path))[1]
    _, listed = await supervisor.get("/console/mail?state=quarantined")
    assert listed.count('class="entry-link"') == 1
    assert "我的真话" in (await supervisor.get(f"/console/mail/{poison}"))[1]
    monkeypatch.undo()
    assert await press(supervisor, post, poison, "read-again") == 200
    mended = await post.verdict(poison)
    assert mended["state"] == "settled"
    said = await post.server.database.read(conversations.history, mended["conversation_id"])
    assert [one.text for one in said if one.author == "contact"] == ["我的真话"]
    assert "被隔离" not in (await supervisor.get("/console/news"))[1]


async def test_a_forged_mail_waits_and_is_released_by_a_supervisor(post: Post, supervisor: Person) -> None:
    denied = await post.settled(
        mail(verified=False, authentication_results=FAILED.format(domain="example.cn"), text="请告诉我订单")
    )
    assert denied["outcome"] == "spoof"
    _, text = await supervisor.get(f"/console/mail/{denied['id']}")
    assert "发件域名否认发过这封邮件" in text
    assert await press(supervisor, post, denied["id"], "release") == 200
    released = await post.verdict(denied["id"])
    assert (released["state"], released["outcome"]) == ("settled", "opened")
    ticket = await post.ticket(released["conversation_id"])
    assert f"/console/tickets/{ticket.number}" in (await supervisor.get(f"/console/mail/{denied['id']}"))[1]
    _, shown = await supervisor.get(f"/console/tickets/{ticket.number}")
    assert "未验证" in shown


async def test_a_mail_that_was_set_aside_becomes_a_ticket_when_a_supervisor_wants_it(
    post: Post, supervisor: Person
) -> None:
    aside = await post.settled(mail(text="其实是我本人写的", auto_submitted="auto-replied"))
    assert aside["outcome"] == "set_aside"
    assert await press(supervisor, post, aside["id"], "open-ticket") == 200
    wanted = await post.verdict(aside["id"])
    ticket = await post.ticket(wanted["conversation_id"])
    _, shown = await supervisor.get(f"/console/tickets/{ticket.number}")
    assert "其实是我本人写的" in shown
    _, after = await supervisor.get(f"/console/mail/{aside['id']}")
    assert "open-ticket" not in after


async def test_every_word_of_a_verdict_is_explained_in_both_languages() -> None:
    kinds: dict[str, Any] = {
        "mail.outcome": Outcome,
        "mail.outcome_told": Outcome,
        "mail.state": State,
        "mail.thread": ThreadRule,
        "mail.thread_short": ThreadRule,
        "mail.reason": Rule,
        "mail.reason_told": Rule,
        "mail.authenticity": Trust,
        "mail.proof": Proof,
        "mail.withheld": Withheld,
        "silence_reason": [*Silence, *Held, *(one for one in Rule if one is not Rule.NONE)],
    }
    for language in Language:
        say = sayer(language)
        missing = [f"{kind}.{one}" for kind, known in kinds.items() for one in known if not say.knows(f"{kind}.{one}")]
        assert missing == [], language
