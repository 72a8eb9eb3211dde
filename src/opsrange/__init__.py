"""opsrange: a range for IT-operations agents.

Importing this package costs nothing: no heavy library is loaded, nothing is read or written.
"""

__version__ = "0.1.0"
__all__ = ["__version__"]
