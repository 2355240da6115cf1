"""Pages of rules as somebody with a browser reads them: their form's fields, what they say."""

from typing import Any

from lxml import html

from tests.console.conftest import Browser, Console
from tickets.business_time import Calendar
from tickets.sla import rulebook
from tickets.sla.model import Policy, Rule, RuleKind


class Page:
    """What a page shows."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        self.tree = html.fromstring(text)

    def fields(self) -> dict[str, str]:
        """What the browser would send of the rule's form as it is filled in."""
        found = self.tree.xpath("//form[@id='rule-form']//*[@name] | //*[@form='rule-form' and @name]")
        return {one.get("name"): value for one in found if (value := _value(one)) is not None}

    def says(self, selector: str) -> list[str]:
        """The texts of all elements of a class, without the marks that isolate names."""
        return [_plain(one.text_content()) for one in self.tree.find_class(selector)]

    def alerts(self) -> str:
        """What the page warns of at its top."""
        return " ".join(_plain(one.text_content()) for one in self.tree.xpath("//*[@role='alert']"))


def _value(element: Any) -> str | None:
    if element.tag == "select":
        chosen = element.xpath(".//option[@selected]") or element.xpath(".//option")
        return str(chosen[0].get("value")) if chosen else None
    if element.tag == "button" or element.get("disabled") is not None:
        return None
    if element.get("type") == "checkbox":
        return "on" if element.get("checked") is not None else None
    return str(element.get("value", ""))


def _plain(text: str) -> str:
    return " ".join(text.replace("\u2068", "").replace("\u2069", "").split())


async def opened(browser: Browser, path: str) -> Page:
    """A page of the rules."""
    return Page(*await browser.open(f"/console/rules{path}"))


async def sent(browser: Browser, path: str, fields: dict[str, str], fetch: bool = False) -> Page:
    """A form sent; the page that answers, or the one that it leads to."""
    fields = {name: text for name, text in fields.items() if name != "csrf"}
    response = await browser.send(f"/console/rules{path}", fetch=fetch, **fields)
    if response.status == 303:
        return Page(*await browser.open(response.headers["Location"]))
    return Page(response.status, await response.text())


async def rules_of(console: Console, kind: RuleKind) -> list[Rule]:
    """The rules in force of a kind, policies in order."""
    book = await console.database.read(rulebook.in_force)
    return list(book.policies) if kind is RuleKind.POLICY else [one for one in book.others.values() if one.kind is kind]


async def policy(console: Console, name: str) -> Policy:
    """What the policy of this name says."""
    definition = next(one for one in await rules_of(console, RuleKind.POLICY) if one.name == name).definition
    assert isinstance(definition, Policy)
    return definition


async def calendar(console: Console, name: str) -> Calendar:
    """What the calendar of this name says."""
    definition = next(one for one in await rules_of(console, RuleKind.CALENDAR) if one.name == name).definition
    assert isinstance(definition, Calendar)
    return definition
