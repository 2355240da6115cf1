"""What becomes of a mail that was taken in, through the real server."""

import pytest

from bot.commands import COMMANDS, CommandRefused
from bot.operations import list_mails
from storage.database import Row, Transaction, new_id
from tests.conftest import StartServer
from tests.mail.post import FAILED, SETTINGS, Post, mail
from tickets import agents, desk
from tickets.mail.inbox import Wish
from tickets.model import Role


@pytest.fixture
async def post(start_server: StartServer) -> Post:
    """A server with one mailbox whose mail server says who is proved."""
    return Post(await start_server(mail=SETTINGS))


async def test_a_mail_becomes_a_conversation_with_its_subject_and_its_facts(post: Post) -> None:
    verdict = await post.settled(mail("林一 <lin@example.cn>", "轮胎的问题\n请帮我看看", message_id="<a@example.cn>"))
    assert (verdict["outcome"], verdict["thread_rule"], verdict["authenticity"]) == ("opened", "new", "aligned")
    message = (await post.customer_said(verdict["conversation_id"]))[0]
    assert message.text == "轮胎的问题\n请帮我看看"
    assert message.id == verdict["said_id"]
    facts = message.trace["mail"]
    assert (facts["message_id"], facts["from"], facts["verified"]) == ("a@example.cn", "lin@example.cn", True)


async def test_the_same_id_in_two_mailboxes_and_the_same_id_with_other_words_are_all_kept(post: Post) -> None:
    first = mail(text="第一封", message_id="<same@example.cn>")
    other = mail(text="第二封", message_id="<same@example.cn>")
    found = [await post.settled(first), await post.settled(other), await post.settled(first, mailbox="sales")]
    assert len({one["conversation_id"] for one in found}) == 3
    assert {one["outcome"] for one in found} == {"opened"}


async def test_a_reply_that_quotes_an_id_of_the_thread_goes_on_with_it(post: Post) -> None:
    opened = await post.settled(mail(message_id="<a@example.cn>"))
    joined = await post.settled(mail(text="补充一下", in_reply_to="<a@example.cn>", message_id="<b@example.cn>"))
    assert (joined["outcome"], joined["thread_rule"]) == ("joined", "stored")
    assert joined["conversation_id"] == opened["conversation_id"]


async def test_an_id_that_a_stranger_used_again_leads_its_customer_back_all_the_same(post: Post) -> None:
    opened = await post.settled(mail(message_id="<a@example.cn>"))
    await post.settled(mail("mallory@example.net", "别的事情", message_id="<a@example.cn>"))
    joined = await post.settled(mail(text="补充一下", in_reply_to="<a@example.cn>", message_id="<b@example.cn>"))
    assert joined["conversation_id"] == opened["conversation_id"]


async def test_a_reply_to_our_signed_address_or_message_goes_on_with_it_unproved(post: Post) -> None:
    conversation_id = (await post.settled(mail()))["conversation_id"]
    ours = await post.sends(conversation_id, "lin@example.cn", new_id())
    signed = post.signer.reply_address("desk@example.com", conversation_id)
    by_address = await post.settled(mail(text="一", to=signed, verified=False))
    by_id = await post.settled(mail(text="二", references=f"<x@y.example> <{ours.message_id}>", verified=False))
    assert [by_address["thread_rule"], by_id["thread_rule"]] == ["recipient", "message_id"]
    assert {by_address["conversation_id"], by_id["conversation_id"]} == {conversation_id}
    said = await post.customer_said(conversation_id)
    assert [one.trace["mail"]["verified"] for one in said] == [True, False, False]


async def test_the_number_in_the_subject_leads_its_own_proved_customer_back(post: Post) -> None:
    opened = await post.settled(mail(auto_submitted="no", list_unsubscribe="<mailto:x@example.cn>"))
    ticket = await post.ticket(opened["conversation_id"])
    back = await post.settled(mail(text="还没好", subject=f"回复：[{ticket.number}] 订单的问题"))
    assert (back["thread_rule"], back["conversation_id"]) == ("subject", opened["conversation_id"])


async def test_a_mail_that_its_domain_denies_waits_until_somebody_releases_it(post: Post) -> None:
    raw = mail(verified=False, authentication_results=FAILED.format(domain="example.cn"))
    denied = await post.settled(raw)
    assert (denied["state"], denied["outcome"], denied["said_id"]) == ("quarantined", "spoof", None)
    assert (await post.replay(denied["id"]))["outcome"] == "spoof"
    released = await post.replay(denied["id"], Wish.RELEASE)
    assert (released["state"], released["outcome"], released["authenticity"]) == ("settled", "opened", "failed")
    message = (await post.customer_said(released["conversation_id"]))[0]
    assert message.trace["mail"]["verified"] is False


async def test_a_mail_that_was_read_again_is_neither_said_nor_answered_twice(post: Post) -> None:
    first = await post.settled(mail())
    again = await post.replay(first["id"])
    assert (again["said_id"], again["outcome"], again["thread_rule"]) == (first["said_id"], "opened", "new")
    assert len(await post.customer_said(first["conversation_id"])) == 1


async def test_a_vacation_reply_is_noted_at_its_conversation_and_says_nothing(post: Post) -> None:
    conversation_id = (await post.settled(mail()))["conversation_id"]
    ours = await post.sends(conversation_id, "lin@example.cn", new_id())
    noted = await post.settled(mail(text="我在休假", auto_submitted="auto-replied", in_reply_to=f"<{ours.message_id}>"))
    assert (noted["outcome"], noted["conversation_id"], noted["said_id"]) == ("noted", conversation_id, None)
    alone = await post.settled(mail(text="我在休假", auto_submitted="auto-replied"))
    assert (alone["outcome"], alone["conversation_id"]) == ("set_aside", None)


async def test_what_was_set_aside_becomes_a_ticket_when_somebody_wants_it(post: Post) -> None:
    aside = await post.settled(mail(text="网站表单", auto_submitted="auto-generated"))
    assert aside["outcome"] == "set_aside"
    wanted = await post.replay(aside["id"], Wish.TICKET)
    assert wanted["outcome"] == "opened"
    assert (await post.customer_said(wanted["conversation_id"]))[0].trace["silent"] == "by_hand"


async def test_our_own_mail_and_one_that_went_in_circles_are_set_aside(post: Post) -> None:
    own = await post.settled(mail("desk@example.com", text="自己写给自己"))
    loop = await post.settled(mail(text="绕回来了", x_yingsheng_loop="desk@example.com"))
    assert [own["outcome"], loop["outcome"]] == ["set_aside", "set_aside"]
    assert [own["reason"], loop["reason"]] == ["own_address", "loop"]


async def test_an_operator_lists_mails_and_has_one_released(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    denied = await post.settled(mail(verified=False, authentication_results=FAILED.format(domain="example.cn")))
    config = post.server.config.model_copy(
        update={"server": post.server.config.server.model_copy(update={"data_folder": post.server.folder})}
    )
    assert list_mails(config, "quarantined") == 0
    assert f"{denied['id']}  quarantined  desk  spoof" in capsys.readouterr().out
    assert list_mails(config, "settled") == 0
    assert capsys.readouterr().out == ""
    release = {"id": denied["id"], "wish": "release"}
    await COMMANDS["mail-replay"](post.server.database, release, post.server.clock())
    assert (await post.verdict(denied["id"]))["outcome"] == "opened"
    with pytest.raises(CommandRefused):
        await COMMANDS["mail-replay"](post.server.database, release, post.server.clock())


async def test_the_answer_to_a_mail_that_followed_a_chat_stands_in_the_chat(post: Post) -> None:
    async with post.server.page() as page:
        await page.greet()
        await page.say("我要找人工")
        conversation_id = (await post.server.database.read(_chats))[0]["id"]
    ours = await post.sends(conversation_id, "zhao@example.cn", new_id())
    joined = await post.settled(mail("zhao@example.cn", "收到，谢谢", in_reply_to=f"<{ours.message_id}>"))
    assert (joined["outcome"], joined["conversation_id"]) == ("joined", conversation_id)
    last = (await post.customer_said(conversation_id))[-1]
    assert (last.text, last.trace["mail"]["from"]) == ("收到，谢谢", "zhao@example.cn")
    stranger = await post.settled(mail("wang@example.cn", "我也要", in_reply_to=f"<{ours.message_id}>"))
    assert stranger["conversation_id"] != conversation_id


async def test_an_answer_goes_to_reply_to_only_where_the_sender_is_proved(post: Post) -> None:
    proved = await post.settled(mail(reply_to="lin@other.example"))
    unproved = await post.settled(mail("wang@example.org", verified=False, reply_to="victim@other.example"))
    circle = await post.settled(mail("zhao@example.cn", reply_to="desk@example.com"))
    all_three = (proved, unproved, circle)
    facts = [(await post.customer_said(one["conversation_id"]))[0].trace["mail"] for one in all_three]
    assert [one.get("answer_to") for one in facts] == ["lin@other.example", None, None]


async def test_a_reply_after_the_end_goes_to_the_conversation_that_ended(post: Post) -> None:
    conversation_id = (await post.settled(mail("lin@example.cn", "我要投诉", message_id="<a@example.cn>")))[
        "conversation_id"
    ]
    ticket = await post.ticket(conversation_id)
    database, now = post.server.database, post.server.clock()
    chen = await database.write(agents.create, "chen", "陈晓", Role.AGENT, "x", None, now)
    taken = await database.write(desk.take_over, ticket.number, chen, ticket.version, now)
    await database.write(desk.close, ticket.number, chen, taken.version, now)
    later = await post.settled(mail("lin@example.cn", "还有问题", in_reply_to="<a@example.cn>"))
    assert (later["outcome"], later["conversation_id"]) == ("joined", conversation_id)


async def test_the_same_words_have_the_same_hash_whatever_their_spacing(post: Post) -> None:
    one = await post.settled(mail(text="请问  怎么退款？\n谢谢"))
    same = await post.settled(mail(text="请问 怎么退款？谢谢"))
    other = await post.settled(mail(text="请问怎么换货？谢谢"))
    assert one["body_hash"] == same["body_hash"] != other["body_hash"]


def _chats(tx: Transaction) -> list[Row]:
    return tx.execute("SELECT id FROM conversation WHERE channel = 'chat'")
