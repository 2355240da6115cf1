"""Every address at which entries are written, moved, looked back on, taken in and given out."""

from bot.console.knowledge import bulk, entry, exporting, hints, history, importing, listing, moving, saving

ROUTES = (
    *listing.ROUTES,
    *entry.ROUTES,
    *saving.ROUTES,
    *moving.ROUTES,
    *history.ROUTES,
    *hints.ROUTES,
    *bulk.ROUTES,
    *importing.ROUTES,
    *exporting.ROUTES,
)
