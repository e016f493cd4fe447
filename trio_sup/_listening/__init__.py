"""Listeners: sockets whose connections are children.

The rule here: what one client does ends its connection, and nothing else.

    factories    `listener`, `tcp_listener`, `unix_listener`: three children in a tree
    listener     the handle: its port, its connections
    options      what the factories share
    places       where clients come to: TCP ports, paths of unix sockets
    accepting    the acceptor: accepts while there is room, and bears what accept(2) says
    connections  the supervisor of connections, and the body of one
    peers        how a client is called, and whether it has gone away
"""
