"""Machine code of the compiled loop: compiled once by numba, kept on disk, loaded without numba afterwards.

Importing numba and finding its own cached code takes several times as long as all else that a short
``generate`` does. So the object code is written to the user's cache, one file for each processor type,
version of LLVM and version of this source, and handed to LLVM's linker directly. It is read only from where nobody
else can write: whoever can write there runs what he likes in this process.
"""

import ctypes
import hashlib
import os
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from riverrun.data.cache import cache_directory
from riverrun.errors import visible
from riverrun.files import incoming, outgoing, owners
from riverrun.generation.compiled import processor
from riverrun.generation.compiled.layout import SETTING

_SYMBOL = "riverrun_run"
_LONGEST = 1 << 26  # bytes of object code
_PATIENCE = 1.0  # seconds of compiling before saying so
_NOTICE = "compiling the generator for this processor; this happens once and takes ten or twenty seconds"


class CompilationError(Exception):
    """The loop cannot be compiled on this machine; a fault in its own code is another matter."""


@cache
def entry_point() -> Callable[[int], None]:
    """The loop's ``run``: takes the address of a task.

    Raises:
        CompilationError: this machine has no compiler that works, or one that does not know its processor.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    path = code_path()
    content = _read(path)
    if content is None:
        content = _compile()
        if (reason := _keep(path, content)) is not None:
            print(
                f"compiled code is not kept in {visible(str(path.parent))} ({reason}), so every start will compile it "
                "again: set RIVERRUN_CACHE to a directory of your own",
                file=sys.stderr,
            )
    return _link(content)


def is_at_hand() -> bool:
    """Whether the code was compiled before, so that :func:`entry_point` is quick."""
    return _read(code_path()) is not None


def _read(path: Path) -> bytes | None:
    """Code from the cache, if it is there and whole, and nobody but this user and root can have put it there."""
    if not owners.is_private_path(path.parent):
        return None
    try:
        with incoming.opened(path) as stream:
            status = os.fstat(stream.fileno())
            if not (owners.is_ours(status) and owners.is_closed(status)):
                return None
            kept = stream.read(_LONGEST)
    except OSError:
        return None
    digest, content = kept[:32], kept[32:]
    return content if hashlib.sha256(content).digest() == digest else None


def _keep(path: Path, content: bytes) -> str | None:
    """Write code to the cache, in a directory that is closed to others; returns why it cannot be kept, if so."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & 0o077:
            path.parent.chmod(0o700)
        if not owners.is_private_path(path.parent):
            return "other users can write there"
        outgoing.write(path, hashlib.sha256(content).digest() + content, durable=False)
    except OSError as error:
        return error.strerror
    return None


def code_path() -> Path:
    """Where this machine's code is kept: its name tells everything that the code depends on."""
    digest = hashlib.sha256(f"{llvmlite.__version__} {SETTING}".encode())
    for part in (sys.platform, processor.name(), processor.features()):
        digest.update(part.encode() + b"\\0")
    here = Path(__file__).parent
    for source in sorted((*here.glob("*.py"), *(here.parents[1] / "memory").glob("*.py"))):
        digest.update(source.read_bytes())
    folder = os.path.realpath(cache_directory() / "code")  # links are followed here, once
    return Path(folder) / f"{digest.hexdigest()[:32]}.o"


def _target_machine() -> llvm.TargetMachine:
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=processor.name(),
        features=processor.features(),
        opt=3,
        reloc="pic",
        codemodel="small",
    )


def _compile() -> bytes:
    """Object code with one visible symbol."""
    notice = threading.Timer(_PATIENCE, print, [_NOTICE], {"file": sys.stderr, "flush": True})
    notice.daemon = True
    notice.start()
    try:
        machine = _compiler()
        from riverrun.generation.compiled.entry import SIGNATURE, run

        run.compile(SIGNATURE)
        (signature,) = run.signatures
        name = run.overloads[signature].fndesc.llvm_func_name
        module = llvm.parse_assembly(run.inspect_llvm(signature).replace(name, _SYMBOL))
        return machine.emit_object(module)
    finally:
        notice.cancel()


def _compiler() -> llvm.TargetMachine:
    """LLVM for this processor, when numba is there too."""
    try:
        import numba

        if getattr(numba.config, "DISABLE_JIT", 0):
            raise CompilationError("numba is switched off (NUMBA_DISABLE_JIT)")
        return _target_machine()
    except (ImportError, RuntimeError) as error:  # numba refuses some versions of numpy; LLVM some processors
        raise CompilationError(" ".join(str(error).split())) from error


def _link(content: bytes) -> Callable[[int], None]:
    """Load object code into this process."""
    try:
        compiler = llvm.create_lljit_compiler(_target_machine())
        library = (
            llvm.JITLibraryBuilder()
            .add_object_img(content)
            .add_current_process()
            .export_symbol(_SYMBOL)
            .link(compiler, "riverrun")
        )
    except RuntimeError as error:
        raise CompilationError(f"LLVM cannot load its own code: {' '.join(str(error).split())}") from error
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    function = prototype(library[_SYMBOL])
    nothing = ctypes.create_string_buffer(16)  # numba passes a result and an exception, both unused here

    def run(task: int, _library: llvm.ResourceTracker = library) -> None:  # unloaded when it is collected
        function(ctypes.addressof(nothing), ctypes.addressof(nothing), task)

    return run
