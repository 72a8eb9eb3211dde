"""Folders that are registries: each module defines one thing under an agreed name; adding one edits no other file.

Belongs here: finding what is defined. Does not: what it is.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection
from typing import TypeVar

from opsrange.errors import AuthorError, OpsrangeError

T = TypeVar("T")


def defined(
    package: str, attribute: str, kind: type[T], *, shared: Collection[str] = ()
) -> dict[str, T]:
    """What each module of a folder defines, by module name, in alphabetical order.

    Args:
        package: the folder, e.g. ``opsrange.faults.catalogue``.
        attribute: the name agreed on, e.g. ``FAULT``.
        kind: what it must be.
        shared: modules that define none.

    Raises:
        AuthorError: when a module cannot be loaded or defines none; the message names its file.
    """
    folder = package.removeprefix("opsrange.").replace(".", "/")
    names = sorted(
        info.name for info in pkgutil.iter_modules(importlib.import_module(package).__path__)
    )
    found: dict[str, T] = {}
    for name in names:
        if name in shared:
            continue
        file = f"{folder}/{name}.py"
        try:
            each = getattr(importlib.import_module(f"{package}.{name}"), attribute, None)
        except OpsrangeError:
            raise
        except Exception as error:
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise AuthorError(f"loaded {file}; found {what}; mend or remove it") from error
        if not isinstance(each, kind):
            raise AuthorError(f"loaded {file}; found no {attribute}; define one")
        found[name] = each
    return found
