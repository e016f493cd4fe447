"""What a client makes of rows. Pure."""
