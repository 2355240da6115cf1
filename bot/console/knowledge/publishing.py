"""Every address of the pages by which changes go into force."""

from bot.console.knowledge import labels, precision, publications, words

ROUTES = (*publications.ROUTES, *labels.ROUTES, *words.ROUTES, *precision.ROUTES)
