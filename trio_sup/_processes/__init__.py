"""Other programs as children: started, watched, stopped, and never left behind.

The rule here: a program runs in a process group of its own, and whoever started it sees
its end. When a life is over, no process of the group is left, and no zombie.

    process(...)            factory      a specification with a `Program` as its target
      ProcessBody           body         one life: start, ready, end, stop
        RunningProgram      running      one running program: signals, end, group
          scripts/launch    -            registers itself, then becomes the program
          Keeper            keeper       kills what is left if the node is killed
            scripts/keep    -            the process that does it
        readiness           -            when it counts as started
        outputs, lines      -            where its lines go, bounded
    Port                    port         a server that talks with a program
      PortBody              port_body    its lives; `framing` cuts messages out of bytes

The files in `scripts` are run by an interpreter of their own and import nothing of ours.
"""
