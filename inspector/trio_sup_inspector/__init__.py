"""The terminal application behind ``trio-sup inspect``.

`trio_sup_inspector.app.main` attaches to a node in another process. Nothing here
is imported by a node: the two speak over a unix socket.

Inside, imports point one way: `app` and `screens` draw with `widgets`, widgets
draw what `state`, `cells`, `rows` and `report` say, and those know no Textual.
"""
