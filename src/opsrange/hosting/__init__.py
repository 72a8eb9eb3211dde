"""World processes: the warm parent, forks, the HTTP façade, the control channel, the jumping of virtual time.

Belongs here: processes and sockets on the world's side. Does not: what is hosted (it is built by a named function), the sandbox (seat).
"""
