"""``trio-sup registry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._commands.arguments import (
    HOW,
    add_filter,
    add_json,
    add_node,
    positive,
)
from trio_sup._commands.command import EXIT_OK, EXIT_USAGE, Command, CommandError
from trio_sup._commands.output import complain, say_lines
from trio_sup._commands.support import (
    asking,
    node_or_filter,
    peer,
    print_json,
    recording_of,
)

if TYPE_CHECKING:
    import argparse

LIMIT = 1000
MAX_SEARCH = 200
"""Characters of a search: no request has a longer string."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_node(parser)
    add_filter(parser, "words that key, path, registry or kind contain")
    parser.add_argument(
        "-n",
        "--limit",
        type=positive,
        default=LIMIT,
        metavar="N",
        help=f"how many to print at most ({LIMIT})",
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print what a node's registries hold."""
    from trio_sup.inspect.client.paging import registry
    from trio_sup.inspect.model.query import plain_words
    from trio_sup.inspect.text.registry_lines import (
        left_out,
        registry_json,
        registry_lines,
    )

    node_or_filter(args)
    if recording_of(args) is not None:
        raise CommandError("a recording holds no registries", EXIT_USAGE)
    text, others = plain_words(" ".join(args.filter))
    if others:
        said = f'about children; names are searched by words; as a text: "{others[0]}"'
        raise CommandError(f"bad filter: {others[0]} is {said}", EXIT_USAGE)
    if len(text) > MAX_SEARCH:
        raise CommandError(f"a search has at most {MAX_SEARCH} characters", EXIT_USAGE)
    with asking():
        node, names, rows = registry(peer(args), text, args.limit)
    if args.json:
        print_json(registry_json(node, names, rows))
    else:
        say_lines(registry_lines(names, rows))
    if more := left_out(names, len(rows)):
        complain(f"{more}; search with words, or raise --limit")
    return EXIT_OK


COMMAND = Command(
    run,
    arguments,
    f"{HOW}\n"
    "Names and who holds them, names reserved for who restarts just now, who waits for\n"
    "a name, who is subscribed to a topic and how many messages found no room, locks.\n\n"
    "filter: plain words, all of which have to be there, whatever the case; kinds are\n"
    "  name   reserved   waiter   subscriber   lock\n\n"
    "examples:\n"
    "  trio-sup registry shop\n"
    "  trio-sup registry shop boards/7\n"
    "  trio-sup registry shop subscriber --json\n",
)
