"""Message boards over WebSockets: a server for each board."""
