"""Supervisors of trio-sup against Erlang's `supervisor` and Elixir's own.

A scenario (`scenario`) is a tree and a script. Four play it: OTP (`oracle`), the
model (`model`, what OTP does as a pure function), trio-sup (`trio_driver`), and, on
paper, the golden file. `drawn` makes scenarios, `rules` says what differs on purpose,
`judge` compares one scenario, ``python -m tests.proof.supervisors`` very many.
"""
