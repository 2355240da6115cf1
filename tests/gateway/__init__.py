"""The chat gateway and the public pages, over real sockets."""
