"""How surely right an answer has to be, by channel."""

import pytest

from bot.app import least_precision
from bot.config import Config
from knowledgebase.publishing.terms import wanted_on


@pytest.mark.parametrize(
    ("published", "chat", "mail"),
    [
        ({}, 0.97, 0.985),
        ({"all": 0.95}, 0.95, 0.985),
        ({"all": 0.99}, 0.99, 0.99),
        ({"mail": 0.9}, 0.97, 0.9),
        ({"all": 0.99, "mail": 0.98}, 0.99, 0.98),
        ({"chat": 0.9}, 0.9, 0.985),
    ],
)
def test_a_channel_wants_its_own_number_else_the_general_one_and_no_less_than_the_settings(
    published: dict[str, float], chat: float, mail: float
) -> None:
    assert wanted_on("chat", published, 0.97, {"mail": 0.985}) == chat
    assert wanted_on("mail", published, 0.97, {"mail": 0.985}) == mail


def test_mail_is_surer_than_chat_where_there_is_a_mailbox() -> None:
    mailbox = {"name": "help", "address": "help@example.com", "imap_host": "x", "username": "x", "password": "x"}
    config = Config.model_validate({"mail": {"mailboxes": [mailbox], "host": "x"}})
    assert least_precision(config)["mail"] > config.answers.precision
    assert least_precision(Config()) == {}
