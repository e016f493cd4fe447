"""One child: record, handle, lives, names, who watches and waits.

The rule here: nobody asks of which kind a child is. What differs between a function, a
server and a supervisor its body knows, which the factory of its specification made.

    record      the inside: what the shells and the inspector read; the handle beside it
    life        one run: a task under a scope, until its `Exit` goes to the shell
      body.run  what runs in it: `functions` is one; what stays of it afterwards
    stopping    asked, given a grace, cancelled: `ending` holds it for each life
    naming      its names in registries; `names` is the table of one registry
    watching    monitors; `waits` refuses those that could never end
    supervising what all handles of supervisors share: `stop`, the children, the counts

How a life ended is decided in `trio_sup._core.judge`. `surroundings` says what is asked
of the rooms above: node, shell, body.
"""
