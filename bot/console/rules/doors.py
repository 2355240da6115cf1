"""Every address at which rules are read, written, tried out and brought to running tickets."""

from bot.console.rules import editor, lists, recompute, versions

ROUTES = (*lists.ROUTES, *editor.ROUTES, *versions.ROUTES, *recompute.ROUTES)
