"""A system call filter for the sandbox, as a classic BPF program (seccomp(2)).

It closes what namespaces leave open: further user namespaces, kernel interfaces with a history of escapes, memory that
no process is charged for, terminal injection, and address families that no network namespace confines (vsock).
"""

from __future__ import annotations

import errno
import platform
import struct

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_NEW_NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET."""
_TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX."""
_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK."""

_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {
        "clone": 56, "clone3": 435, "ioctl": 16, "socket": 41, "socketpair": 53,
        "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68, "semget": 64,
        "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
        "unshare": 272, "setns": 308, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
        "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
        "mount_setattr": 442, "open_by_handle_at": 304, "name_to_handle_at": 303,
        "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425,
        "keyctl": 250, "add_key": 248, "request_key": 249, "init_module": 175, "finit_module": 313,
        "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320, "swapon": 167, "acct": 163,
        "personality": 135, "syslog": 103, "quotactl": 179, "fanotify_init": 300, "vmsplice": 278,
    },
    "aarch64": {
        "clone": 220, "clone3": 435, "ioctl": 29, "socket": 198, "socketpair": 199,
        "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186, "semget": 190,
        "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
        "unshare": 97, "setns": 268, "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51,
        "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
        "mount_setattr": 442, "open_by_handle_at": 265, "name_to_handle_at": 264,
        "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "io_uring_setup": 425,
        "keyctl": 219, "add_key": 217, "request_key": 218, "init_module": 105, "finit_module": 273,
        "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294, "swapon": 224, "acct": 89,
        "personality": 92, "syslog": 116, "quotactl": 60, "fanotify_init": 262, "vmsplice": 75,
    },
}  # fmt: skip
_ABSENT = {"clone3", "memfd_create", "memfd_secret", "io_uring_setup", "userfaultfd"}
"""Answered as an old kernel would: libraries then take their other way."""
_WEIGHED = {"clone", "ioctl", "socket", "socketpair"}
"""Decided by an argument."""


def supported() -> bool:
    """Whether there is a filter for this machine's processor."""
    return platform.machine() in _MACHINES


def filter_program() -> bytes:
    """The program for this machine; one that allows everything where :func:`supported` is false."""
    machine = platform.machine()
    if machine not in _MACHINES:
        return _instruction(_RETURN, _ALLOW)
    numbers = _NUMBERS[machine]
    refuse, absent = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS
    program = [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_JUMP_EQUAL, _MACHINES[machine], when_true=1),
        _instruction(_RETURN, absent),
        _instruction(_LOAD, _NUMBER),
        _instruction(_JUMP_AT_LEAST, 0x40000000, when_false=1),
        _instruction(_RETURN, absent),
    ]
    for name, number in numbers.items():
        if name not in _WEIGHED:
            program.append(_instruction(_JUMP_EQUAL, number, when_false=1))
            program.append(_instruction(_RETURN, absent if name in _ABSENT else refuse))
    program += _when(numbers["clone"], _FIRST_ARGUMENT, [
        _instruction(_JUMP_BITS, _NEW_NAMESPACE_FLAGS, when_false=1),
        _instruction(_RETURN, refuse),
        _instruction(_RETURN, _ALLOW),
    ])  # fmt: skip
    program += _when(numbers["ioctl"], _SECOND_ARGUMENT, [
        _instruction(_JUMP_EQUAL, _TERMINAL_INJECTION[0], when_true=1),
        _instruction(_JUMP_EQUAL, _TERMINAL_INJECTION[1], when_false=1),
        _instruction(_RETURN, refuse),
        _instruction(_RETURN, _ALLOW),
    ])  # fmt: skip
    known = [
        _instruction(_JUMP_EQUAL, family, when_true=len(_FAMILIES) - index)
        for index, family in enumerate(_FAMILIES)
    ]
    for name in ("socket", "socketpair"):
        program += _when(numbers[name], _FIRST_ARGUMENT, [
            *known, _instruction(_RETURN, _ERRNO | errno.EAFNOSUPPORT), _instruction(_RETURN, _ALLOW),
        ])  # fmt: skip
    program.append(_instruction(_RETURN, _ALLOW))
    return b"".join(program)


def _when(number: int, argument: int, body: list[bytes]) -> list[bytes]:
    """Instructions for one system call whose low argument word decides; each of them must return."""
    return [
        _instruction(_JUMP_EQUAL, number, when_false=1 + len(body)),
        _instruction(_LOAD, argument),
        *body,
    ]


def _instruction(code: int, operand: int, *, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, operand)
