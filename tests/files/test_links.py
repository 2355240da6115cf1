"""Links to files: whoever was not given one does not come by one, and none is good for more than it says."""

import random
import secrets
import string

import pytest

from bot.files.links import GOOD_FOR_MS, ROUNDED_TO_MS, Link, LinkExpired, LinkForged, Links, View
from storage.database import new_id

NOW = 1_795_399_200_000
ALPHABET = string.ascii_letters + string.digits + "-_.=%!é"
LINKS = Links(secrets.token_urlsafe(32), "https://help.example.com")


def token(attachment_id: str, view: View = View.WHOLE, links: Links = LINKS) -> str:
    return links.make(attachment_id, view, NOW).rpartition("/")[2]


def damaged(good: str, other: str, chance: random.Random) -> str:
    """Another token made of this one: a sign changed, lost, added or moved, or half of it another's."""
    place, sign = chance.randrange(len(good)), chance.choice(ALPHABET)
    match chance.randrange(6):
        case 0:
            return good[:place] + sign + good[place + 1 :]
        case 1:
            return good[:place] + good[place + 1 :]
        case 2:
            return good[:place] + sign + good[place:]
        case 3:
            return good[:place] + other[place:]
        case 4:
            return good[:place] + good[place:].swapcase()
        case _:
            return good[:-1] + sign


def guessed(good: str, chance: random.Random) -> str:
    """What somebody makes who knows everything but the secret."""
    head = good.rpartition(".")[0]
    stranger = Links(f"{chance.getrandbits(64)}", "")
    match chance.randrange(3):
        case 0:
            return f"{head}.{''.join(chance.choices(ALPHABET[:64], k=43))}"
        case 1:
            return token(good.partition(".")[0], View.WHOLE, stranger)
        case _:
            return f"{new_id()}.{View.WHOLE}.{NOW + GOOD_FOR_MS}.{good.rpartition('.')[2]}"


def leads_somewhere(told: str) -> bool:
    try:
        LINKS.read(told, NOW)
    except LinkForged:
        return False
    return True


def test_of_all_damaged_and_guessed_links_none_leads_anywhere(request: pytest.FixtureRequest) -> None:
    chance = random.Random(int(request.config.getoption("--seed")))
    good = [token(new_id(), view) for view in View for _ in range(20)]
    hits = []
    for _ in range(int(request.config.getoption("--tokens"))):
        one, other = chance.sample(good, 2)
        tried = damaged(one, other, chance) if chance.random() < 0.6 else guessed(one, chance)
        if tried not in good and leads_somewhere(tried):
            hits.append(tried)
    assert hits == []
    assert all(leads_somewhere(one) for one in good)


def test_the_same_signature_spelt_otherwise_is_forged() -> None:
    good = token(new_id())
    spelt = [f"{good[:-1]}{sign}" for sign in ALPHABET if sign != good[-1]]
    assert not any(leads_somewhere(one) for one in [*spelt, f"{good}=", f"{good[:-5]}!{good[-5:]}", f"{good}\ud800"])


def test_a_link_says_what_it_is_for_and_ends() -> None:
    one = new_id()
    for view in View:
        assert LINKS.read(token(one, view), NOW + GOOD_FOR_MS) == Link(one, view)
        with pytest.raises(LinkExpired):
            LINKS.read(token(one, view), NOW + GOOD_FOR_MS + ROUNDED_TO_MS + 1)


def test_links_of_another_server_are_forged() -> None:
    assert not leads_somewhere(token(new_id(), View.WHOLE, Links("another secret", "https://help.example.com")))
