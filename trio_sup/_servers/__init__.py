"""Servers: operations, mailbox, the loop, handles."""
