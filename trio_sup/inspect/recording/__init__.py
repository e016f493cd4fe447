"""Recordings: what a node sent, in a file, with the times at which it came.

The rule here: a recording is a conversation that somebody kept. It is written from the
frames as they came, and played into the same `client.session` that a node would speak
to; nothing above knows the difference. A file is believed no more than a node.

| open | for |
|---|---|
| `recording` | the file: header, frames, pictures, its limit |
| `record` | writing one while a node speaks |
| `for_tests` | reading one for a test: who was there, each event with its cause |
| `replay` | its index, and playing, seeking, pausing |
"""
