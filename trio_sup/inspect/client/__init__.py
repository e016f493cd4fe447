"""A client's side: the session and its transports."""
