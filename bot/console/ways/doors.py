"""The addresses of the ways of telling people in the console, with who may use them."""

from bot.console.access import Permission, Route
from bot.console.rules.around import RULE_ID
from bot.console.ways.acts import retry_notice, retry_way, test_way
from bot.console.ways.listing import show_test, show_way, show_ways

WAY_NAME = "{name:[a-z0-9-]{1,64}}"
WAY = f"/rules/ways/{WAY_NAME}"

ROUTES = (
    Route("GET", "/rules/ways", show_ways, Permission.SUPERVISOR),
    Route("GET", WAY, show_way, Permission.SUPERVISOR),
    Route("GET", f"{WAY}/tests/{RULE_ID}", show_test, Permission.SUPERVISOR),
    Route("POST", f"{WAY}/test", test_way, Permission.ADMIN),
    Route("POST", f"{WAY}/retry", retry_way, Permission.ADMIN),
    Route("POST", f"/rules/notices/{RULE_ID}/retry", retry_notice, Permission.ADMIN),
)
