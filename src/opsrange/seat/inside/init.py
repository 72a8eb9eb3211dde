"""Process 1 of the sandbox: starts commands, reaps, bounds memory, tells whether anything runs.

Theory of operation: the script arrives on standard input, so that it exists in no file of the sandbox, and
makes itself undumpable, so that no process of the same user can read or trace it. It has two sockets:
*control* (datagrams: a JSON header, file descriptors beside it) and *idle* (a byte ``?`` asks whether
every process only waits; the answer is ``1`` or ``0``). End of file on control ends it, and with it the namespace.
"""

# ruff: noqa: PTH103, PTH120, PTH123, PTH208 -- pathlib would double the start of every sandbox
from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import termios
import time

NOTE_FD = 250
"""Where the shell's traps write pipeline exit codes; a number no ordinary command uses."""
PR_SET_DUMPABLE = 4
SAMPLE_GAP_S = 0.001
"""A process that was woken by a packet needs a moment to become runnable; two looks bridge it."""
SETTLE_S = 0.1
"""How long what a finished command left running may still finish its output."""
WATCH_S = 0.02
"""Between two looks at memory while a command runs."""
REST_WATCH_S = 0.1
"""The same while only what a command has left behind runs."""
WATCH_SHARE = 0.1
"""No more of the time than this is spent on looking at memory, as long as it is looked at in time."""
SOCKET_BYTES = 208 << 10
"""What the kernel may hold for one socket of those that do not tell; no process is charged for it."""
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Command:
    """A started command: its first process leads a session of its own."""

    def __init__(self, number: int, process: subprocess.Popen[bytes], outputs: list[int]) -> None:
        self.number = number
        self.process = process
        self.outputs = outputs
        self.exit_code: int | None = None
        self.settle_until = 0.0


def main() -> None:
    """Serve until the control socket closes."""
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    settings = json.loads(os.environ.pop("SEAT"))
    for name, value in settings["rlimits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    control = socket.socket(fileno=settings["control"])
    idle = socket.socket(fileno=settings["idle"])
    for fd in (control.fileno(), idle.fileno()):
        os.set_inheritable(fd, False)
    with open(os.devnull, "r+b") as null:
        os.dup2(null.fileno(), 0)
    Init(control, idle, settings["memory_bytes"], settings["now_file"]).serve(settings["listen"])


class Init:
    """The loop. Single-threaded; nothing it does blocks for more than a millisecond or two."""

    def __init__(
        self, control: socket.socket, idle: socket.socket, memory_bytes: int, now_file: str
    ) -> None:
        self.control = control
        self.idle = idle
        self.memory_bytes = memory_bytes
        self.now_file = now_file
        self.commands: dict[int, Command] = {}
        self.attended = False
        """Whether a step is open."""
        self.watch_at_s = 0.0
        """When memory is looked at again; the kernel's tables of TCP sockets take milliseconds to read."""
        self.listeners = 0
        """TCP sockets of the namespace that are the seat's."""
        self.poll = select.poll()
        self.wake, waker = socket.socketpair()
        self.wake.setblocking(False)
        waker.setblocking(False)
        for number in (signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # a handler, which commands do not inherit
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self._waker = waker  # kept open

    def serve(self, listen: list[list[object]]) -> None:
        """Listen where told, hand the sockets out, then serve."""
        sockets = [listening(str(host), int(str(port))) for host, port in listen]
        now = os.open(self.now_file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        os.write(now, b"1970-01-01 00:00:00\n")
        self.reply({"ready": os.getpid()}, [now, *(one.fileno() for one in sockets)])
        os.close(now)
        for one in sockets:
            one.close()
        self.listeners = len(sockets)
        for one in (self.control, self.idle, self.wake):
            self.poll.register(one, select.POLLIN)
        while True:
            ready = [fd for fd, _ in self.poll.poll(self.wait_ms())]
            if self.wake.fileno() in ready:
                self.wake.recv(4096)
            if self.control.fileno() in ready and not self.take_request():
                return  # before idleness: what the seat said first is to be known first
            if self.idle.fileno() in ready:
                self.answer_idle()
            self.reap()
            self.settle()
            self.watch_memory()

    def wait_ms(self) -> float | None:
        """How long nothing needs to be looked at."""
        if self.commands:
            settling = any(one.settle_until for one in self.commands.values())
            return (SAMPLE_GAP_S if settling else WATCH_S) * 1000
        return REST_WATCH_S * 1000 if others() else None

    def reply(self, document: dict[str, object], fds: list[int] | None = None) -> None:
        """One datagram to the seat."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.control.sendmsg([json.dumps(document).encode()], rights)

    def answer_idle(self) -> None:
        """One byte for each byte asked."""
        asked = self.idle.recv(1)
        if not asked:
            self.poll.unregister(self.idle)
            return
        self.reap()
        before = self.stillness()
        if before is not None:
            time.sleep(SAMPLE_GAP_S)
        quiet = before is not None and before == self.stillness()
        self.reap()  # a command that was dead already when first looked at
        quiet = quiet and all(each.exit_code is None for each in self.commands.values())
        self.idle.send(b"1" if quiet else b"0")

    def stillness(self) -> list[tuple[str, bytes]] | None:
        """How often each thread has run, when none runs and nothing sent is unread; else nothing.

        One look is no proof: while it goes from process to process, one it has seen asleep can be woken by one it
        comes to too late. Two equal looks are: whatever ran between them would have changed a count.
        """
        if self.attended and not self.commands:
            return None  # the step's command has not started yet, or its end is on its way
        for command in self.commands.values():
            if command.exit_code is not None or any(map(unread_bytes, command.outputs)):
                return None
        if unread_sockets():
            return None
        found = []
        for pid in others():
            for task in threads(pid):
                state = stat_fields(f"{task}/stat")[:1]
                if state in (["R"], ["D"]):
                    return None
                found.append((task, times_run(task)))
        return found

    def take_request(self) -> bool:
        """Act on one request; false when the seat has gone."""
        header, fds, _, _ = socket.recv_fds(self.control, 65536, 16)
        for fd in fds:
            os.set_inheritable(fd, False)
        if not header:
            return False
        request = json.loads(header)
        getattr(self, "do_" + request["do"])(request, fds)
        return True

    def do_run(self, request: dict[str, int], fds: list[int]) -> None:
        """Start a command. Descriptors: its description, stdin, stdout, stderr, the note pipe."""
        body, stdin, stdout, stderr, note = fds
        number = request["id"]
        with open(body, "rb") as file:
            description = json.load(file)
        os.dup2(note, NOTE_FD, inheritable=True)
        try:
            process = subprocess.Popen(
                description["argv"],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=description["cwd"],
                env=description["env"],
                pass_fds=(NOTE_FD,),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            code = getattr(error, "errno", None) or errno.EINVAL
            name = str(getattr(error, "filename", None) or description["argv"][0])
            self.reply({"id": number, "errno": code, "name": name})
            os.close(stdout)
            os.close(stderr)
        else:
            self.commands[process.pid] = Command(number, process, [stdout, stderr])
        finally:
            for fd in (stdin, note, NOTE_FD):
                os.close(fd)

    def do_attend(self, request: dict[str, int], fds: list[int]) -> None:
        """A step begins or is over."""
        self.attended = bool(request["id"])

    def do_move(self, request: dict[str, int], fds: list[int]) -> None:
        """Another world asks from now on."""
        with contextlib.suppress(KeyError):  # its world had gone already
            self.poll.unregister(self.idle)
        self.idle.close()
        self.idle = socket.socket(fileno=fds[0])
        self.poll.register(self.idle, select.POLLIN)

    def do_clear(self, request: dict[str, int], fds: list[int]) -> None:
        """End everything that runs, and say how much did."""
        self.reap()
        self.reply({"id": request["id"], "exit": len(others())})
        kill_all()

    def do_stop(self, request: dict[str, int], fds: list[int]) -> None:
        """Kill a command's whole session; when that does not help, everything."""
        for command in list(self.commands.values()):
            if command.number == request["id"]:
                kill_session(command.process.pid)
                command.settle_until = min(command.settle_until, time.monotonic())

    def do_open(self, request: dict[str, int], fds: list[int]) -> None:
        """Open a file in a child that owns nothing else and hand the descriptor out."""
        body, channel = fds
        try:
            child = os.fork()
        except OSError as error:  # the sandbox has as many processes as it may
            with socket.socket(fileno=channel) as answer:
                answer.send(json.dumps({"errno": error.errno}).encode())
            os.close(body)
            return
        if child:
            os.close(body)
            os.close(channel)
            return
        try:
            with open(os.dup(body), "rb") as file:
                description = json.load(file)
            os.closerange(3, channel)
            os.closerange(channel + 1, 1024)
            send_opened(channel, description["path"], bool(description["write"]))
        finally:
            os._exit(0)

    def reap(self) -> None:
        """Collect the dead; a command is over when its first process is."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            command = self.commands.get(pid)
            if command is not None:
                code = os.waitstatus_to_exitcode(status)
                command.process.returncode = code
                command.exit_code = code if code >= 0 else 128 - code
                command.settle_until = time.monotonic() + SETTLE_S

    def settle(self) -> None:
        """Report the commands that are over and have nothing running any more."""
        for pid, command in list(self.commands.items()):
            if command.exit_code is None:
                continue
            mine = [other for other in others() if session(other) == pid]
            if time.monotonic() < command.settle_until and any(map(runnable, mine)):
                continue
            del self.commands[pid]
            for fd in command.outputs:
                os.close(fd)
            self.reply({"id": command.number, "exit": command.exit_code})

    def watch_memory(self) -> None:
        """End everything when the namespace holds more than it may."""
        began_s, spent_s = time.monotonic(), time.process_time()
        if began_s < self.watch_at_s:
            return
        processes = others()
        held = sum(map(resident_bytes, processes)) + socket_bytes(self.listeners)
        if processes and held > self.memory_bytes:
            for command in self.commands.values():
                self.reply({"id": command.number, "stopped": "memory_limit"})
            kill_all()
        rest_s = (time.process_time() - spent_s) / WATCH_SHARE
        self.watch_at_s = time.monotonic() + min(max(WATCH_S, rest_s), REST_WATCH_S)


def listening(host: str, port: int) -> socket.socket:
    """A listening TCP socket of this network namespace."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((host, port))
    one.listen(128)
    return one


def send_opened(channel: int, path: str, write: bool) -> None:
    """Open ``path`` and send it over ``channel``, or the error number."""
    answer = socket.socket(fileno=channel)
    try:
        if write:
            os.makedirs(os.path.dirname(path) or "/", exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if write else os.O_RDONLY
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY, 0o644)
        mode = os.fstat(fd).st_mode
    except (OSError, ValueError) as error:
        code = getattr(error, "errno", None) or errno.EINVAL
        answer.send(json.dumps({"errno": code}).encode())
    else:
        if stat.S_ISREG(mode):
            socket.send_fds(answer, [b"{}"], [fd])
        else:  # a pipe would keep the reader waiting for ever
            code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            answer.send(json.dumps({"errno": code}).encode())


def others() -> list[int]:
    """Every process of the namespace but this one."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def stat_fields(path: str) -> list[str]:
    """The fields of a stat file after the name, which may hold anything; empty when it died."""
    try:
        with open(path, "rb") as file:
            return file.read().rpartition(b")")[2].decode().split()
    except OSError:
        return []


def threads(pid: int) -> list[str]:
    """The folders of a process's threads; none when it died."""
    try:
        return [f"/proc/{pid}/task/{task}" for task in os.listdir(f"/proc/{pid}/task")]
    except OSError:
        return []


def times_run(task: str) -> bytes:
    """What the kernel counts of a thread's turns on a processor; empty when it died."""
    for name in ("schedstat", "status"):
        try:
            with open(f"{task}/{name}", "rb") as file:
                return file.read()
        except OSError:
            continue
    return b""


def runnable(pid: int) -> bool:
    """Whether any thread is running or in uninterruptible sleep."""
    return any(stat_fields(f"{task}/stat")[:1] in (["R"], ["D"]) for task in threads(pid))


def session(pid: int) -> int:
    """The session a process belongs to; 0 when it died."""
    fields = stat_fields(f"/proc/{pid}/stat")
    return int(fields[3]) if fields else 0


def resident_bytes(pid: int) -> int:
    """Resident memory; 0 when it died."""
    fields = stat_fields(f"/proc/{pid}/stat")
    return int(fields[21]) * PAGE_BYTES if fields else 0


def socket_bytes(listeners: int) -> int:
    """Memory that sockets of the namespace hold or may hold, beside those on which the seat listens."""
    used = in_use()
    silent = sum(used.get(name, 0) for name in ("UDP", "UDP6", "UDPLITE", "UDPLITE6"))
    silent += sum(len(table(name)) for name in ("unix", "netlink"))
    only_ours = used.get("TCP", -1) + used.get("TCP6", 0) == listeners
    queued = [] if only_ours else queues()
    return SOCKET_BYTES * silent + sum(
        int(side, 16) for each in queued for side in each.split(b":")
    )


def queues() -> list[bytes]:
    """Bytes sent and received of each TCP socket, connections waiting of one that listens."""
    return [line.split()[4] for name in ("tcp", "tcp6") for line in table(name)]


def in_use() -> dict[str, int]:
    """How many sockets of each protocol the namespace has: the kernel counts them, its tables must be walked."""
    found = {}
    for name in ("sockstat", "sockstat6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}", "rb") as file:
            for line in file:
                protocol, _, rest = line.decode().partition(": inuse ")
                if rest:
                    found[protocol] = int(rest.split()[0])
    return found


def table(name: str) -> list[bytes]:
    """The lines of a table of the kernel's network, without its heading."""
    with contextlib.suppress(OSError), open(f"/proc/net/{name}", "rb") as file:
        return file.read().splitlines()[1:]
    return []


def unread_bytes(fd: int) -> int:
    """Bytes waiting in a pipe; none in what is no pipe."""
    count = array.array("i", [0])
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, termios.FIONREAD, count)
    return count[0]


def unread_sockets() -> bool:
    """Whether any TCP socket of the namespace holds bytes or connections that were not taken yet."""
    return any(each != b"00000000:00000000" for each in queues())


def kill_session(leader: int) -> None:
    """Kill a session; one that forks faster than it dies takes everything with it."""
    for _ in range(3):
        members = [pid for pid in others() if session(pid) == leader]
        if not members:
            return
        for pid in members:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(SAMPLE_GAP_S)
        if not any(stat_fields(f"/proc/{pid}/stat")[:1] not in ([], ["Z"]) for pid in members):
            members = [pid for pid in others() if session(pid) == leader and pid != leader]
            if not members:
                return
    kill_all()


def kill_all() -> None:
    """Kill everything but this process."""
    with contextlib.suppress(ProcessLookupError):  # there is nothing
        os.kill(-1, signal.SIGKILL)


if __name__ == "__main__":
    try:
        main()
    except BaseException as error:  # noqa: BLE001 -- pid 1 has nobody to raise to; the seat reads stderr
        sys.stderr.write(f"init: {type(error).__name__}: {error}\n")
        os._exit(70)
