"""Calls that differ between Linux and macOS, and only those calls."""

from __future__ import annotations

import errno
import faulthandler
import fcntl
import functools
import os
import pwd
import resource
import select
import signal
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import IO, Any, Final

from actors.errors import ConfigError, Refused

DUMP: Final = signal.SIGUSR1  # makes an actor write the stacks of its threads
ORPHANED: Final = signal.SIGUSR2  # sent to an actor whose supervisor has ended


def private_directory(path: Path, mend: bool = False) -> Path:
    """Create `path` for this user alone (0700) and return it; `mend`: correct a wrong mode instead of refusing it.

    Raises:
        ConfigError: it cannot be created, other users have access to it, or it belongs to another user.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status, own = path.stat(), path.lstat()
    except OSError as error:
        raise ConfigError(f"run_dir {path} cannot be created: {error.strerror}") from error
    if status.st_uid != os.getuid():
        owner, caller = user_name(status.st_uid), user_name(os.getuid())
        raise ConfigError(f"run_dir {path} belongs to {owner}, expected {caller}, the user of this command")
    if own.st_uid not in (0, os.getuid()):  # it could lead to any directory of this user
        raise ConfigError(f"run_dir {path} is a link of {user_name(own.st_uid)}")
    if mend and stat.S_IMODE(status.st_mode) & 0o077:
        path.chmod(0o700)
    elif stat.S_IMODE(status.st_mode) & 0o077:
        raise ConfigError(
            f"run_dir {path} has mode {stat.S_IMODE(status.st_mode):04o}, expected 0700: it contains tokens and "
            f"personal data (chmod 700 {path})"
        )
    return path


def enter(path: Path) -> Path:
    """Return `path` if this user has access to it, or if it does not exist.

    Raises:
        ConfigError: it belongs to another user; the message has the name, if it is known.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return path
    except OSError as error:
        raise ConfigError(f"run_dir {path} cannot be read: {error.strerror}; it may belong to another user") from error
    if stat.S_ISDIR(status.st_mode) and not os.access(path, os.R_OK | os.X_OK):
        name = user_name(status.st_uid)
        raise ConfigError(f"run_dir {path} belongs to {name}, and only {name} has access: sudo -u {name} …")
    return path


def user_name(uid: int) -> str:
    """Return the name of a user, or its number when it has no name here."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"  # the form that sudo accepts


def write_private(path: Path, data: bytes, durable: bool = True) -> None:
    """Replace `path` atomically by a file of mode 0600. Unless `durable`, a loss of power may tear or empty it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # what another user has placed there would keep its owner and its mode
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if os.geteuid() == 0:  # root keeps the owner, who could not read the file otherwise
                owner = path.parent.stat()
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            if durable:
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def private_folder(path: Path) -> Path:
    """Create a folder of mode 0700 for the owner of the folder above it, also as root, unless it exists; return it."""
    path.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        owner = path.parent.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
        os.close(handle)
    return path


def read_file(path: Path, max_bytes: int, follow: bool = True) -> bytes:
    """Return the first `max_bytes` (-1: all) of a regular file; a FIFO or a device would make the reader wait.

    `follow`: a link is followed.

    Raises:
        OSError: it cannot be read, or is not a regular file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        return file.read(max_bytes)


def names_in(folder: Path, prefix: str, suffix: str) -> list[str]:
    """Return the names of the files PREFIX*SUFFIX without both, in order; none if the folder cannot be read.

    Path.glob would compile a regular expression, and write to 0.3 MB of memory that a process shares after its fork.
    """
    try:
        found = os.listdir(folder)
    except OSError:
        return []
    return sorted(
        name.removeprefix(prefix).removesuffix(suffix)
        for name in found
        if name.startswith(prefix) and name.endswith(suffix)
    )


def touch_private(path: Path) -> None:
    """Create an empty file of mode 0600 unless it exists."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def lock(path: Path, owner: str) -> IO[bytes]:
    """Hold `path` exclusively until the returned file is closed or the process ends, however it ends.

    Raises:
        Refused: another process holds it; the message has the name and pid that it wrote into the file.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(handle, "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read(200).decode(errors="replace").strip() or "another process"
        file.close()
        raise Refused(f"{path.name} is held by {holder}; {owner} is running already") from error
    with suppress(OSError):  # on a full disk only the name of the holder is missing
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{owner} pid={os.getpid()}".encode(), 0)
    return file


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Wait until no other process is inside for this directory."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def endpoint(run_dir: Path, name: str) -> str:
    """Return the address of a bus socket, which is a file in the run directory.

    Raises:
        ConfigError: the path is longer than the limit of socket names (107 bytes on Linux, 103 on macOS).
    """
    path = run_dir / f"{name}.sock"
    limit = 103 if sys.platform == "darwin" else 107
    if len(os.fsencode(path)) > limit:
        raise ConfigError(f"run_dir is too long: {path} has {len(os.fsencode(path))} bytes, expected at most {limit}")
    return f"ipc://{path}"


def small_send_buffer(connection: socket.socket, size_bytes: int) -> None:
    """Limit the kernel's send buffer for a peer that does not read (4 MB by default, measured)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size_bytes)


def not_listening(error: OSError, section: str, host: str, port: int) -> Refused | ConfigError:
    """Return why a server of a section of the configuration cannot listen, with the remedy.

    Refused if a restart may help: a port that is in use may become free, and an address of the machine come back.
    """
    reason = f"{section}: cannot listen on {host}:{port}: {error.strerror}"
    if error.errno == errno.EADDRINUSE:
        return Refused(
            f"{reason}. Stop the program that uses the port (another Framewire?), or choose another with "
            f"--set {section}.port={port + 10}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return Refused(f"{reason}. This machine does not have the address now; is its network down?")
    return ConfigError(f"{reason}. Choose another address with --set {section}.host=ADDRESS or {section}.port=PORT")


def has_address(address: str) -> bool:
    """Return whether this machine has an IP address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family) as probe:
            probe.bind((ip_address(address).compressed, 0))
    except (ValueError, OSError):
        return False
    return True


def end_unanswered(connection: socket.socket, within_s: float) -> None:
    """End a connection whose peer acknowledges nothing that was sent for so long, where the system can do that."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(within_s * 1000))


def environment(root: Path) -> dict[str, str]:
    """Return the environment in which `python -m actors…` finds the actors below `root`, installed or not."""
    path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    mine = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": path}
    mine.pop("PYTHONINSPECT", None)  # with it no process would exit on request
    return mine


NOTIFY_FD: Final = "FRAMEWIRE_NOTIFY_FD"


def notify(state: str) -> None:
    """Send READY=1, WATCHDOG=1 or STOPPING=1 to the guardian or the service manager (sd_notify(3)).

    This never blocks: a message that cannot be sent is dropped, and the receiver's watchdog decides.
    """
    inherited, address = os.environ.get(NOTIFY_FD, ""), os.environ.get("NOTIFY_SOCKET", "")
    with suppress(OSError):
        if inherited:
            os.write(int(inherited), state.encode())
    with suppress(OSError):
        if address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                out.sendto(state.encode(), "\0" + address[1:] if address[0] == "@" else address)


def notify_pair() -> tuple[socket.socket, socket.socket]:
    """Return the receiving and the sending end of a private channel from `notify` to the guardian."""
    receiver, sender = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.setblocking(False)
    sender.setblocking(False)
    return receiver, sender


def hold_signals() -> None:
    """Block the signals that stop this process until `take_signals`, also across an exec, which resets handlers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])


def take_signals() -> None:
    """Unblock all signals, including those that the parent process had blocked."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


PIPE_BUF_BYTES: Final = 512  # a writable pipe takes this much without blocking (POSIX; Linux: 4096)


def is_writable(file: int) -> bool:
    """Return whether up to PIPE_BUF_BYTES can be written to `file` without blocking, as far as the system knows."""
    poll = select.poll()
    poll.register(file, select.POLLOUT)
    return bool(poll.poll(0))


def dump_stacks_on_signal() -> None:
    """Write the stacks of all threads to stderr on SIGUSR1, and on a crash in C.

    faulthandler's handler is C and takes no lock of the interpreter's, so it works while a loop hangs in a C call.
    """
    faulthandler.enable()
    faulthandler.register(DUMP, all_threads=True, chain=False)


def stop_dumping_stacks() -> None:
    """Restore the handlers that `dump_stacks_on_signal` replaced."""
    faulthandler.unregister(DUMP)
    faulthandler.disable()


def signal_on_parent_death(number: int) -> None:
    """Make Linux send this process the signal `number` when the thread that started it ends (prctl(2)).

    It has no effect for a parent that has already ended; the caller must check that.
    """
    if sys.platform == "linux":
        _prctl(1, number)  # PR_SET_PDEATHSIG


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent exits (Linux: PR_SET_CHILD_SUBREAPER).

    Raises:
        OSError: the system cannot do that.
    """
    _prctl(36, 1)


@functools.cache
def _library() -> Any:
    """Return the C library. Loaded once, before a fork: each load writes to 40 pages of memory that forks share."""
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, argument: int | bytes) -> None:
    import ctypes

    if _library().prctl(option, argument, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")


def limit_malloc_arenas() -> None:
    """Make glibc serve all threads of this process from one heap; each further one keeps 60 to 250 KB."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            _library().mallopt(-8, 1)  # M_ARENA_MAX


# Sizes of allocations, the largest first, so that large pieces of free memory are not used up by many small ones.
_HEAP_SIZES: Final = (*range(64 << 10, 1 << 10, -512), *range(1 << 10, 8, -16))


def fill_heap() -> None:
    """Allocate the free memory of the C library's heap below its end, and do not free it.

    Raises:
        AttributeError: the C library is not glibc.
    """
    import ctypes

    class Info(ctypes.Structure):
        _fields_ = (("numbers", ctypes.c_int * 10),)

    library = _library()
    library.mallinfo.restype = Info
    library.malloc.restype = library.sbrk.restype = ctypes.c_void_p
    library.malloc_trim(ctypes.c_size_t(0))  # return what is free at the end
    end = library.sbrk(ctypes.c_long(0)) - library.mallinfo().numbers[9]  # keepcost: what is left there
    for size in map(ctypes.c_size_t, _HEAP_SIZES):
        while (place := library.malloc(size)) is not None and place < end:
            pass
        library.free(ctypes.c_void_p(place))


_read_only: list[tuple[int, int]] = []  # mappings of libraries, which are never unmapped: (address, bytes)


def find_files() -> None:
    """Find the files that are mapped and were never written, for `forget_files` in this process and in its forks.

    Call this with one thread: another one could just be loading a library.

    Raises:
        OSError: the system does not list its mappings.
    """
    _read_only.clear()
    start, end = 0, 0
    with open("/proc/self/smaps", "rb") as lines:
        for line in lines:
            if not line[:1].isupper():  # a mapping; its fields follow
                addresses, permissions, _, _, inode, *_ = line.split()
                start, end = (int(address, 16) for address in addresses.split(b"-"))
                if b"w" in permissions or inode == b"0":
                    end = start
            elif line.startswith(b"Anonymous:") and start < end and int(line.split()[1]) == 0:  # it was never written
                _read_only.append((start, end - start))


def forget_files() -> None:
    """Unmap the pages of the files that `find_files` has found; Linux maps again what is needed again.

    An import or a start executes much of a library once, and Linux maps 64 KB around each page of it.
    """
    if not _read_only:
        return
    import ctypes

    for address, size_bytes in _read_only:
        _library().madvise(ctypes.c_void_p(address), ctypes.c_size_t(size_bytes), 4)  # MADV_DONTNEED


class StartPages:
    """Calls `forget_files` some seconds after the start of this process."""

    BEATS: Final = 4

    def __init__(self) -> None:
        self._beats = 0

    def beat(self) -> None:
        """Call this about once a second; the first calls may be closer together."""
        self._beats += 1
        if self._beats == self.BEATS:
            forget_files()


def has_one_thread() -> bool:
    """Return whether this process has only its main thread; threads of libraries count."""
    return len(os.listdir("/proc/self/task")) == 1


def rename(command: list[str], name: str) -> None:
    """Make `ps` and `top` show this process as `command`, and as `name` where they show no arguments.

    Linux reads the arguments from the memory of the process. They are replaced there, or, if they need more bytes than
    those with which the process was started, Linux is told where the new ones are.

    Raises:
        OSError: the system cannot do that.
    """
    import ctypes

    text = b"".join(os.fsencode(word) + b"\0" for word in command)
    start, end = _place_of_arguments(len(text))
    ctypes.memmove(start, text.ljust(end - start, b"\0"), end - start)
    _prctl(15, name.encode())  # PR_SET_NAME; Linux keeps 15 bytes


_ARG_START: Final = 44  # among the numbers in /proc/self/stat (proc(5): arg_start, arg_end, env_start, env_end)
_kept: list[object] = []  # memory that Linux reads
_place: list[int] = []  # start and end of the arguments: the same in forked processes


def _place_of_arguments(size_bytes: int) -> list[int]:
    """Return the start and the end of the memory from which Linux reads the arguments, at least `size_bytes`."""
    if not _place:
        _place[:] = _stat_fields()[_ARG_START : _ARG_START + 2]
    if not 0 < _place[0] <= _place[1]:
        raise OSError(errno.ENOTSUP, "the arguments of this process are not shown")
    if size_bytes > _place[1] - _place[0]:
        _place[:] = _move_arguments(_stat_fields(), size_bytes)
    return _place


def _stat_fields() -> list[int]:
    return [int(field) for field in Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()[1:]]


def _move_arguments(fields: list[int], size_bytes: int) -> list[int]:
    """Make Linux read the arguments of this process from new memory of this size; return its start and end."""
    import ctypes

    memory, library = ctypes.create_string_buffer(size_bytes), _library()
    start, end = ctypes.addressof(memory), ctypes.addressof(memory) + size_bytes
    library.sbrk.restype = ctypes.c_void_p
    code, stack, data = fields[22:24], fields[24], fields[41:44]  # start and end; start; start, end, start of the heap
    # struct prctl_mm_map; the last three: no auxiliary vector, no other executable
    numbers = [*code, *data[:2], data[2], library.sbrk(ctypes.c_long(0)), stack, start, end, *fields[46:48], 0, 0, -1]
    layout = ctypes.create_string_buffer(struct.pack("12QIi", *numbers))
    if library.prctl(35, 14, layout, ctypes.c_ulong(len(layout.raw) - 1), 0) != 0:  # PR_SET_MM, PR_SET_MM_MAP
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")
    _kept.append(memory)
    return [start, end]


def boottime_s() -> float:
    """Return a clock that cannot be set and that, where the system has one, continues while the machine sleeps."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


def boot_id() -> str:
    """Return the id of this boot of the machine; "" where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def clock_is_synchronised() -> bool | None:
    """Return whether the wall clock is synchronised, as the Linux kernel knows it (adjtimex(2)); None: unknown."""
    if sys.platform != "linux":
        return None
    import ctypes

    state = _library().adjtimex(ctypes.create_string_buffer(512))  # all zero: a query
    return None if state < 0 else bool(state != 5)  # 5: TIME_ERROR


def mounts() -> list[tuple[str, str]]:
    """Return (mount point, kind) of every mounted file system, in the order of mounting; empty if unknown."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []
    fields = [line.split(" ") for line in lines]
    return [(where.replace("\\040", " "), kind) for _, where, kind, *_ in fields]  # blanks are octal there (fstab(5))


def free_bytes(path: Path) -> int | None:
    """Return how many bytes this user may still write to the file system of `path`; None: not known."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def open_files_limit() -> int | None:
    """Return the limit of open files of a process of this user, None if there is no limit."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return None if hard == resource.RLIM_INFINITY else hard


def control_listener(run_dir: Path) -> socket.socket:
    """Return the listening control socket, a file of mode 0600 in the run directory.

    Raises:
        ConfigError: the path is longer than the limit of socket names.
    """
    path = run_dir / "control.sock"
    endpoint(run_dir, "control")  # its length
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(128)
    return listener


def control_connection(run_dir: Path, timeout_s: float) -> socket.socket:
    """Return a connection to the control socket of the pipeline that runs in `run_dir`.

    Raises:
        OSError: no process listens there.
    """
    connection = socket.socket(socket.AF_UNIX)
    # The kernel waits for space in the backlog; with Python's own timeout connect() would fail instead.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(timeout_s) + 1, 0))
    try:
        connection.connect(str(run_dir / "control.sock"))
    except OSError:
        connection.close()
        raise
    connection.settimeout(timeout_s)
    return connection


def is_ours(connection: socket.socket) -> bool:
    """Return whether the peer of a control connection is this user or root; on macOS the file's mode ensures it."""
    if hasattr(socket, "SO_PEERCRED"):
        uid = int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[4:8], sys.byteorder)
        return uid in (0, os.getuid())
    return True


_ESTABLISHED: Final = 1


def stranger(connection: socket.socket, *own: int) -> str:
    """Return the user whose program on this machine is at the other end of a TCP connection, if it is another one.

    "" is this user, root, one of `own` (user ids), or a peer that this system does not list: on another machine, in a
    container, on Windows beside WSL. Call it when the peer has answered: before its accept(2) no user is listed
    for a connection.

    Raises:
        OSError: the peer has ended the connection, so that its user is no longer known.
    """
    if sys.platform != "linux":
        return ""
    row = _tcp_row(connection.getpeername(), connection.getsockname())
    # Second: a peer that is not listed because it has just gone cannot count as one of another machine.
    own_state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    state, uid = row or (own_state, os.getuid())
    if state != _ESTABLISHED or own_state != _ESTABLISHED:
        raise ConnectionResetError(errno.ECONNRESET, "the peer has ended the connection")
    return "" if uid in (0, os.getuid(), *own) else user_name(uid)


def _tcp_row(local: tuple[Any, ...], remote: tuple[Any, ...]) -> tuple[int, int] | None:
    """Return state and user id of a TCP socket of this machine; None if it is not listed (proc_net(5))."""
    ends = list(zip(_listed(local), _listed(remote), strict=True))
    for file in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError), open(file, encoding="ascii") as lines:
            for line in lines:
                fields = line.split()
                if tuple(fields[1:3]) in ends:
                    return int(fields[3], 16), int(fields[7])
    return None


def _listed(address: tuple[Any, ...]) -> list[str]:
    """Return how the kernel lists an address; one of IPv4 can also be that of an IPv6 socket."""
    packed = ip_address(address[0].partition("%")[0]).packed
    forms = [packed, b"\0" * 10 + b"\xff\xff" + packed] if len(packed) == 4 else [packed, packed]
    return [
        "".join(f"{word:08X}" for word in struct.unpack(f"={len(form) // 4}I", form)) + f":{address[1]:04X}"
        for form in forms
    ]


def port_is_free(section: str, name: str, port: int) -> bool:
    """Return whether a process can listen on `name`:`port` now; `section` is the section of these settings.

    Raises:
        ConfigError: `name` is not an address of this machine, or the port needs more permissions.
    """
    bound, refusal = False, ""
    try:
        # A name may have several addresses ("" is all of them), and tornado listens on each.
        for family, kind, _, _, target in socket.getaddrinfo(
            name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                with socket.socket(family, kind) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT counts as free
                    if family == socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    probe.bind(target)
                    bound = True
            except PermissionError as error:
                raise ConfigError(f"{section}.port {port} needs permissions that this user does not have") from error
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return False
                refusal = str(error.strerror)  # IPv6 may be disabled; the other address may work
    except socket.gaierror as error:
        raise ConfigError(f"{section}.host {name!r} is not an address: {error.strerror}") from error
    if not bound:
        raise ConfigError(f"{section}.host {name} is not an address of this machine: {refusal}")
    return True
