"""What runs inside the sandbox: pid 1 and the commands of the toolbox that know virtual time.

Belongs here: single-file scripts for any CPython from 3.9 with nothing but the standard library; they are handed to the
sandbox as text and never imported there. Does not: anything that imports opsrange, or that an agent may not read.
"""
