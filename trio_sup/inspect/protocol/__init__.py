"""The messages, and bytes to messages and back."""
