"""A lint of our own: no call that Windows or macOS lacks without another way beside it, no text without encoding."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import riverrun

SOURCE = Path(riverrun.__file__).parent

LACKED = {
    "os": {
        "pread",
        "pwrite",
        "preadv",
        "pwritev",
        "readv",
        "writev",
        "sched_getaffinity",
        "sched_setaffinity",
        "fork",
        "forkpty",
        "getuid",
        "geteuid",
        "getgid",
        "getloadavg",
        "sysconf",
        "posix_fadvise",
        "posix_fallocate",
        "sendfile",
        "mkfifo",
        "killpg",
        "setsid",
        "getpgid",
        "uname",
        "nice",
        "chown",
        "fchown",
        "lchown",
        "statvfs",
        "fchmod",
        "wait3",
        "wait4",
        "memfd_create",
        "O_DIRECTORY",
        "O_CLOEXEC",
        "O_DIRECT",
        "O_TMPFILE",
        "O_NOFOLLOW",
    },
    "signal": {
        "SIGALRM",
        "SIGKILL",
        "SIGHUP",
        "SIGUSR1",
        "SIGUSR2",
        "SIGPIPE",
        "SIGCHLD",
        "SIGWINCH",
        "SIGQUIT",
        "SIGSTOP",
        "SIGCONT",
        "alarm",
        "setitimer",
        "pthread_kill",
        "pthread_sigmask",
        "sigwait",
        "siginterrupt",
    },
    "time": {"clock_gettime", "CLOCK_BOOTTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID"},
    "socket": {"AF_UNIX", "SO_REUSEPORT"},
    "select": {"poll", "epoll", "kqueue"},
}
MODULES = {
    "fcntl",
    "resource",
    "pwd",
    "grp",
    "termios",
    "tty",
    "pty",
    "syslog",
    "posix",
    "readline",
    "curses",
}
PLACES = ("/proc", "/sys/", "/dev/", "/tmp", "/etc/")

ASKED = ("hasattr(os", "hasattr(signal", "getattr(os", "sys.platform", "os.name")


def findings(source: str) -> Iterator[tuple[int, str]]:
    """Line and fault of each call that is not everywhere, where its file asks nowhere what the system has."""
    tree = ast.parse(source)
    asks = any(asked in source for asked in ASKED) or _catches(tree, "AttributeError", "ImportError")
    for node in ast.walk(tree):
        fault = _lacked(node)
        looked_for = fault.startswith("/") and (_catches(tree, "OSError") or "os.access(" in source)
        if fault and not asks and not looked_for:
            yield node.lineno, f"{fault}: some systems lack it; ask hasattr or sys.platform, or catch it"
        if isinstance(node, ast.Call) and _is_text_without_encoding(node):
            yield node.lineno, "a text file without encoding: each system has another default"
        if _is(node, "os", "open") and not asks and "os.devnull" not in source:
            yield node.lineno, "os.open: Windows changes line ends without O_BINARY, and opens no directory"


def _catches(tree: ast.AST, *names: str) -> bool:
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.type]
    return any(name in ast.unparse(handler.type) for handler in handlers for name in names)


def _lacked(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.attr in LACKED.get(node.value.id, ()):
            return f"{node.value.id}.{node.attr}"
    elif isinstance(node, ast.Import):
        return ", ".join(sorted({alias.name for alias in node.names} & MODULES))
    elif isinstance(node, ast.ImportFrom):
        missing = LACKED.get(node.module or "", set()) & {alias.name for alias in node.names}
        return str(node.module) if node.module in MODULES else ", ".join(sorted(missing))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(PLACES):
        return node.value
    elif isinstance(node, ast.Call) and ast.unparse(node) == "ctypes.CDLL(None)":
        return "ctypes.CDLL(None)"
    return ""


def _is(node: ast.AST, module: str, name: str) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == name and ast.unparse(node.value) == module


def _is_text_without_encoding(call: ast.Call) -> bool:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if "encoding" in named or None in named:
        return False
    function = call.func
    if isinstance(function, ast.Name) and function.id == "open":
        mode = named.get("mode", call.args[1] if len(call.args) > 1 else None)
        return not (isinstance(mode, ast.Constant) and "b" in str(mode.value))
    if isinstance(function, ast.Attribute) and function.attr in ("read_text", "write_text"):
        return len(call.args) < (1 if function.attr == "read_text" else 2)
    if isinstance(function, ast.Attribute) and function.attr in ("NamedTemporaryFile", "TemporaryFile"):
        mode = named.get("mode", call.args[0] if call.args else None)
        return isinstance(mode, ast.Constant) and "b" not in str(mode.value)
    return False


def test_the_sources_run_on_every_system():
    found = [
        f"{path.relative_to(SOURCE.parent)}:{line}: {fault}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, fault in findings(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f(d): return os.pread(d, 1, 0)",
        "import resource",
        "from signal import SIGKILL",
        "def f(): return open('/proc/meminfo', encoding='ascii')",
        "import os\ndef f(p): return os.open(p, os.O_RDONLY)",
        "def f(p): return open(p)",
        "def f(p): return open(p, 'w')",
        "def f(p): return p.read_text()",
        "def f(p): p.write_text('x')",
        "import tempfile\ntempfile.NamedTemporaryFile('w')",
        "import ctypes\nctypes.CDLL(None)",
        "import os\ntry: os.sched_getaffinity(0)\nexcept OSError: pass",
    ],
)
def test_the_lint_finds(source):
    assert list(findings(source))


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef f(d):\n    if hasattr(os, 'pread'):\n        return os.pread(d, 1, 0)\n    return b''",
        "try:\n    import resource\nexcept ImportError:\n    resource = None",
        "import sys\ndef f():\n    if sys.platform == 'linux':\n        return open('/proc/meminfo', encoding='ascii')",
        "import os\ndef f(p): return os.open(p, os.O_RDONLY | getattr(os, 'O_BINARY', 0))",
        "def f(p): return open(p, 'rb')",
        "def f(p): return p.read_text('utf-8') + p.read_text(encoding='utf-8')",
        "def f(p): p.write_text('x', 'utf-8')",
    ],
)
def test_the_lint_lets_pass(source):
    assert not list(findings(source))
