"""A string that was not made clean cannot be printed by the command.

Read by mypy and pyright, never run. A line with a `type: ignore` must be an error
for both: an ignore that is not needed is one itself.
"""

from trio_sup._commands.output import say, say_lines, say_pieces
from trio_sup._core.clean import clean, json_line, json_pieces
from trio_sup.inspect.model.tree_model import TreeModel
from trio_sup.inspect.text.tree_text import tree_lines


def unclean_strings_are_refused(text: str, model: TreeModel) -> None:
    say(text)  # type: ignore[arg-type]
    say(f"{clean(text)} and {text}")  # type: ignore[arg-type]
    say_lines([text])  # type: ignore[list-item]
    say_pieces(iter([text]))  # type: ignore[arg-type]


def clean_ones_are_taken(text: str, model: TreeModel) -> None:
    say(clean(text))
    say(json_line({"text": text}))
    say_lines(tree_lines(model, now=0.0))
    say_pieces(json_pieces([text], indent=2))
