"""The addresses of deadlines in the console, with who may use them."""

from bot.console import live
from bot.console.access import TICKET_NUMBER, Permission, Route
from bot.console.deadlines import acknowledging, breaches, listing, receipts, report, wall

TICKET = f"/tickets/{{number:{TICKET_NUMBER}}}"

ROUTES = (
    Route("GET", f"{TICKET}/deadlines", receipts.show_deadlines, Permission.AGENT),
    Route("POST", f"{TICKET}/acknowledge", acknowledging.acknowledge, Permission.AGENT),
    Route("GET", "/deadlines", listing.show_due, Permission.AGENT),
    Route("GET", "/deadlines/breaches", breaches.show_breaches, Permission.AGENT),
    Route("GET", "/deadlines/breaches.csv", breaches.export, Permission.SUPERVISOR),
    Route("GET", "/deadlines/report", report.show_report, Permission.AGENT),
    Route("GET", "/wall", wall.show_wall, Permission.WALL),
    Route("GET", "/wall/ws", live.watch_wall, Permission.WALL),
    Route("POST", "/wall/leave", wall.leave, Permission.WALL),
    Route("POST", "/wall/keep", wall.keep, Permission.SUPERVISOR),
    Route("POST", "/wall/end", wall.end_all, Permission.SUPERVISOR),
)
