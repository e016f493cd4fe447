"""The subcommands of ``trio-sup``: one module each, loaded when it is asked for.

A new one is a module of this package that holds a `trio_sup._commands.command.Command`
named ``COMMAND``, and a line in `trio_sup._commands.table`.
"""
