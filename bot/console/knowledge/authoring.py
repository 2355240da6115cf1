"""Every address at which entries are written, moved and looked back on."""

from bot.console.knowledge import entry, hints, history, listing, moving, saving

ROUTES = (*listing.ROUTES, *entry.ROUTES, *saving.ROUTES, *moving.ROUTES, *history.ROUTES, *hints.ROUTES)
