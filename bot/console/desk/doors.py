"""The addresses under which tickets are described, merged and split, with who may use them."""

from bot.console.access import TICKET_NUMBER, Permission, Route
from bot.console.desk import merging, properties, splitting

TICKET = f"/tickets/{{number:{TICKET_NUMBER}}}"

ROUTES = (
    Route("POST", f"{TICKET}/properties", properties.save_properties, Permission.AGENT),
    Route("GET", f"{TICKET}/properties/outlook", properties.try_properties, Permission.AGENT),
    Route("POST", f"{TICKET}/customer", properties.save_customer, Permission.AGENT),
    Route("GET", f"{TICKET}/customer/outlook", properties.try_customer, Permission.AGENT),
    Route("GET", f"{TICKET}/merge", merging.show_choice, Permission.AGENT),
    Route("POST", f"{TICKET}/merge", merging.merge, Permission.AGENT),
    Route("GET", f"{TICKET}/split", splitting.show_choice, Permission.AGENT),
    Route("POST", f"{TICKET}/split", splitting.split, Permission.AGENT),
)
