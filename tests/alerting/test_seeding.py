"""The rules that the settings ask for, as the console shows and keeps them."""

from bot.alerting.seeding import seed_of
from bot.config import Config
from bot.console.rules.chain_form import filled, written
from bot.templates import load_templates
from tickets.sla.model import Chain


def as_a_browser_sends_it(chain: Chain) -> Chain:
    """The chain of the form that nobody has touched: its ways come in the order of the page, by name."""
    typed = filled("链", chain).typed
    return written({name: typed[name] for name in sorted(typed)}).definition


def test_a_chain_of_the_settings_is_the_same_after_its_form_was_saved_untouched() -> None:
    level = {"name": "all", "to": ["role:agent"], "transports": ["webhook", "mail"], "fallback": ["sms", "console"]}
    chain = seed_of(Config.model_validate({"escalation": {"levels": [level]}}), load_templates()).chain
    assert as_a_browser_sends_it(chain) == chain
