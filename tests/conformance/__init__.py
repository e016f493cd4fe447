"""Conformance with real Erlang/OTP: the same scenarios there and here."""
