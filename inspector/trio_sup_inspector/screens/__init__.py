"""What the terminal shows: the main screen, and what opens above it. Knows Textual.

The rule here: a screen or a part of one has one job, is given what it works on, and
leaves the text of lines to `panes`, `detail` and `lines`.

* `main`: the main screen, which consists of `lists` and `details` in the `body`, of
  the `filter_bar`, and of what its `keys` do; `replay` is the same on a recording;
* `nodes`: the choice of a node; `cluster`: all nodes of one, `clusters`: who observes
  it, and the way to a node;
* `keyed`: what the screens of a node and of a cluster have in common;
* `help`: all keys; `palette`: all actions by name;
* `act`: from the key `a` to a result, by way of `choose` and `confirm`;
* `page`: lines in the middle of an empty screen.
"""
