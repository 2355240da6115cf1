"""The clocks of promises: when they run, stand still and stop, and how their due times come about."""
