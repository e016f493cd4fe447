"""The subcommands of ``trio-sup``: one module each, loaded when it is asked for.

The rules here: a command asks, and prints through `output`; it decides nothing. What it
prints is made in `trio_sup.inspect.text`, of what `trio_sup.inspect.model` worked out.
It imports what it runs with inside of `run`, so that help, completion and mistakes are
quick.

A new one is a module of this package that holds a `trio_sup._commands.command.Command`
named ``COMMAND``, and a line in `trio_sup._commands.table`.

| to change | open |
|---|---|
| what a command takes, or does with it | the module of its name |
| a column of ``ps`` and ``top``, and which are shown unasked | `trio_sup.inspect.text.columns` |
| any other text, or a field of ``--json`` | `trio_sup.inspect.text` says where |
| arguments that several take: NODE, ``--json``, durations | `arguments` |
| how a node is found and asked, and the exit code if it is not | `support` |
| exit codes, and what a command is | `command` |
| what reaches the terminal, and broken pipes | `output`, `_streams`, `_screen` |
| completion in a shell | `completion` |
| what needs an extra; other processes of ours | `extras`, `interpreter` |
"""
