"""Servers and names of trio-sup against Erlang's gen_server and Elixir's Registry."""
