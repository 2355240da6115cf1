"""The edge: channels in and out, the bot's decisions, the console, the loops that run beside them."""
