"""Set-up, login and logout, as a person and as somebody who should not be here."""

from hashlib import sha256
from typing import Any

import pytest

from bot.console.login_delays import FREE_TRIES, LoginDelays
from bot.console.passwords import PasswordProblem, hash_password, password_problem, verify
from bot.console.session import safe_path
from bot.console.setup import new_setup_link
from bot.keys import ConsoleSettings
from tests.console import cast as people
from tests.console.conftest import Browser, Console, NewBrowser
from tickets import agents

NEW_ADMIN = {"login": "root", "name": "王经理", "password": "long enough 1", "again": "long enough 1"}


async def setup_path(console: Console) -> str:
    link = await new_setup_link(console.database, ConsoleSettings("http://desk.example.com"), console.clock())
    assert link is not None
    assert link.startswith("http://desk.example.com/console/setup?token=")
    return link.removeprefix("http://desk.example.com")


async def set_up(browser: Browser, path: str, **changed: str) -> int:
    await browser.open(path)
    fields: dict[str, Any] = {**NEW_ADMIN, "token": path.partition("token=")[2], **changed}
    response = await browser.send("/console/setup", fetch=False, **fields)
    return response.status


async def test_the_first_administrator_is_made_once_and_logged_in(
    empty_console: Console, new_browser: NewBrowser
) -> None:
    path = await setup_path(empty_console)
    browser = new_browser()
    assert await set_up(browser, path) == 303
    assert (await browser.open("/console"))[0] == 200
    assert await empty_console.database.read(agents.count_admins) == 1
    assert (await new_browser().open(path))[0] == 404
    assert await set_up(new_browser(), path, login="second") == 404
    settings = ConsoleSettings("http://desk.example.com")
    assert await new_setup_link(empty_console.database, settings, empty_console.clock()) is None


async def test_the_first_administrator_can_be_reached_by_mail_if_an_address_was_given(
    empty_console: Console, new_browser: NewBrowser
) -> None:
    path = await setup_path(empty_console)
    assert await set_up(new_browser(), path, email="no address") == 422
    assert await set_up(new_browser(), path, email="li@example.com") == 303
    (admin,) = await empty_console.database.read(agents.active_agents)
    assert admin.email == "li@example.com"


async def test_only_the_newest_set_up_link_opens_and_only_for_half_an_hour(
    empty_console: Console, new_browser: NewBrowser
) -> None:
    old = await setup_path(empty_console)
    new = await setup_path(empty_console)
    assert (await new_browser().open(old))[0] == 422
    assert (await new_browser().open("/console/setup"))[0] == 422
    assert (await new_browser().open("/console/setup?token="))[0] == 422
    assert (await new_browser().open(new))[0] == 200
    empty_console.clock.pass_by(31 * people.MINUTE)
    assert (await new_browser().open(new))[0] == 422
    assert await set_up(new_browser(), new) == 422
    assert await empty_console.database.read(agents.count_admins) == 0


async def test_set_up_keeps_the_link_when_the_form_is_wrong(empty_console: Console, new_browser: NewBrowser) -> None:
    path = await setup_path(empty_console)
    browser = new_browser()
    for wrong in (
        {"password": "short", "again": "short"},
        {"again": "something else"},
        {"login": "long enough 1"},
        {"login": "two words"},
        {"name": " "},
    ):
        assert await set_up(browser, path, **wrong) == 422
    assert await set_up(browser, path) == 303


async def test_set_up_tokens_and_cookies_are_kept_only_as_hashes(
    empty_console: Console, new_browser: NewBrowser
) -> None:
    path = await setup_path(empty_console)
    token = path.partition("token=")[2]
    stored = await empty_console.database.read(lambda tx: tx.execute("SELECT token_hash FROM setup_token"))
    assert stored == [{"token_hash": sha256(token.encode()).hexdigest()}]
    browser = new_browser()
    await set_up(browser, path)
    cookie = browser.cookie()
    assert cookie is not None
    stored = await empty_console.database.read(lambda tx: tx.execute("SELECT token_hash FROM session"))
    assert stored == [{"token_hash": sha256(cookie.encode()).hexdigest()}]


async def test_login_gives_a_new_random_session_and_ends_the_one_before(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    browser.hold("chosen-by-an-attacker")
    await browser.log_in(console.cast.li)
    first = browser.cookie()
    assert first not in (None, "chosen-by-an-attacker")
    assert first is not None
    assert len(first) >= 43
    await browser.send("/console/login", fetch=False, login="li", password=people.PASSWORD)
    second = browser.cookie()
    assert second != first
    thief = new_browser()
    thief.hold(first)
    assert (await thief.open("/console"))[0] == 303


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    response = await browser.log_in(console.cast.li)
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("yingsheng=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


async def test_logout_ends_the_session_for_everybody_who_has_the_cookie(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await new_browser.of(console.cast.li)
    cookie = browser.cookie()
    assert cookie is not None
    assert (await browser.send("/console/logout", fetch=False)).status == 303
    thief = new_browser()
    thief.hold(cookie)
    assert (await thief.open("/console"))[0] == 303


async def test_a_login_ends_after_half_an_hour_without_use_and_after_twelve_hours(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await new_browser.of(console.cast.li)
    console.clock.pass_by(29 * people.MINUTE)
    assert (await browser.open("/console"))[0] == 200
    console.clock.pass_by(29 * people.MINUTE)
    assert (await browser.open("/console"))[0] == 200
    console.clock.pass_by(31 * people.MINUTE)
    assert (await browser.open("/console"))[0] == 303
    await browser.log_in(console.cast.li)
    for _ in range(36):
        console.clock.pass_by(20 * people.MINUTE)
        await browser.open("/console")
    assert (await browser.open("/console"))[0] == 303


async def test_a_page_that_refreshes_itself_does_not_keep_a_login_alive(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = await new_browser.of(console.cast.li)
    for _ in range(2):
        console.clock.pass_by(16 * people.MINUTE)
        await browser.open("/console", **{"X-Fetch": "1", "X-Background": "1"})
    assert (await browser.open("/console"))[0] == 303


async def test_a_disabled_agent_is_out_at_once_and_cannot_log_in(console: Console, new_browser: NewBrowser) -> None:
    browser = await new_browser.of(console.cast.li)
    await console.database.write(agents.disable, "li", console.clock())
    assert (await browser.open("/console"))[0] == 303
    assert (await new_browser().log_in("li")).status == 401


async def test_nobody_learns_from_the_login_which_accounts_exist(console: Console, new_browser: NewBrowser) -> None:
    await console.database.write(agents.disable, "chen", console.clock())
    pages = []
    for login, password in (("li", "wrong password"), ("nobody", "wrong password"), ("chen", people.PASSWORD)):
        browser = new_browser()
        response = await browser.log_in(login, password)
        pages.append(
            (response.status, (await response.text()).replace(f'value="{login}"', "").replace(browser.csrf, ""))
        )
    assert pages[0][0] == 401
    assert pages[0] == pages[1] == pages[2]


async def test_after_ten_bad_logins_each_further_try_waits_and_a_right_one_gets_in_later(
    console: Console, new_browser: NewBrowser
) -> None:
    browser = new_browser()
    statuses = [(await browser.log_in("li", "wrong password")).status for _ in range(FREE_TRIES + 1)]
    assert statuses == [401] * FREE_TRIES + [429]
    waiting = await browser.log_in("li")
    assert waiting.status == 429
    assert 1 <= int(waiting.headers["Retry-After"]) <= 30
    console.clock.pass_by(30_000)
    assert (await browser.log_in("li")).status == 303


def test_delays_grow_per_account_and_per_address_and_never_become_a_lock() -> None:
    delays, now = LoginDelays(), 0
    for _ in range(FREE_TRIES):
        assert delays.begin("li", "192.0.2.1", now) == 0
    waits = []
    for _ in range(30):
        wait = delays.begin("li", "192.0.2.1", now)
        waits.append(wait)
        now += wait
        assert delays.begin("li", "192.0.2.1", now) == 0
    assert waits[:4] == [1000, 2000, 4000, 8000]
    assert max(waits) == waits[-1] == 15 * people.MINUTE
    assert 0 < delays.begin("li", "198.51.100.7", now) <= 30_000
    assert delays.begin("chen", "192.0.2.1", now) > 0
    assert delays.begin("chen", "198.51.100.7", now) == 0


def test_a_right_login_forgets_the_account_but_not_the_address() -> None:
    delays = LoginDelays()
    for place in range(FREE_TRIES):
        delays.begin(f"victim-{place}", "192.0.2.1", 0)
    assert delays.begin("own", "192.0.2.1", 0) > 0
    now = 1000
    assert delays.begin("own", "192.0.2.1", now) == 0
    delays.succeed("own", "192.0.2.1")
    assert delays.begin("victim-0", "192.0.2.1", now) > 0


def test_failures_are_forgotten_after_an_hour() -> None:
    delays = LoginDelays()
    for _ in range(FREE_TRIES):
        delays.begin("li", "192.0.2.1", 0)
    later = 61 * people.MINUTE
    assert delays.begin("li", "192.0.2.1", later) == 0
    assert delays.begin("li", "192.0.2.1", later) == 0


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("123456789", PasswordProblem.TOO_SHORT),
        ("x" * 257, PasswordProblem.TOO_LONG),
        ("Administrator", PasswordProblem.IS_LOGIN),
        ("十个字以上的中文密码也行", None),
    ],
)
def test_which_passwords_are_refused(password: str, problem: PasswordProblem | None) -> None:
    assert password_problem(password, " administrator") is problem


def test_passwords_are_kept_with_the_promised_argon2id_parameters() -> None:
    stored = hash_password("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert verify(stored, "correct horse battery")
    assert not verify(stored, "correct horse batterie")
    assert not verify(None, "correct horse battery")
    assert not verify("not a hash", "correct horse battery")


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ("/console/tickets/2611-0042?view=mine", "/console/tickets/2611-0042?view=mine"),
        ("/console", "/console"),
        ("//evil.example.com/console", "/console"),
        ("https://evil.example.com/console", "/console"),
        ("/console/../demo", "/console"),
        ("/consoles", "/console"),
        ("/console/\r\nSet-Cookie: a=b", "/console"),
        ("/console/\\evil.example.com", "/console"),
        ("javascript:alert(1)", "/console"),
        ("", "/console"),
    ],
)
def test_a_login_leads_only_into_the_console(wanted: str, path: str) -> None:
    assert safe_path(wanted) == path
