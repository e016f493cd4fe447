"""Rows as plain lines and JSON. Pure."""
