"""Machine code of the compiled loop: compiled once by numba, kept on disk, loaded without numba afterwards.

Importing numba and finding its own cached code takes several times as long as all else that a short
``generate`` does. So the object code is written to the user's cache, one file for each processor type,
version of LLVM and version of this source, and handed to LLVM's linker directly.
"""

import ctypes
import hashlib
import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import llvmlite
import llvmlite.binding as llvm

from riverrun.data.cache import cache_directory, write_atomically
from riverrun.generation.compiled import processor

_SYMBOL = "riverrun_run"
_PATIENCE = 1.0  # seconds of compiling before saying so
_NOTICE = "compiling the generator for this processor; this happens once and takes ten or twenty seconds"


@cache
def entry_point() -> Callable[[int], None]:
    """The loop's ``run``: takes the address of a task.

    Raises:
        RuntimeError: it cannot be compiled on this machine.
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    path = code_path()
    content = _read(path)
    if content is None:
        content = _compile()
        try:
            write_atomically(path, hashlib.sha256(content).digest() + content)
        except OSError as error:
            print(
                f"compiled code cannot be kept in {path.parent} ({error.strerror}), so every start will compile it "
                "again: set RIVERRUN_CACHE to a directory that can be written",
                file=sys.stderr,
            )
    return _link(content)


def is_at_hand() -> bool:
    """Whether the code was compiled before, so that :func:`entry_point` is quick."""
    return code_path().exists()


def _read(path: Path) -> bytes | None:
    """Code from the cache, if it is there and whole."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    digest, content = kept[:32], kept[32:]
    return content if hashlib.sha256(content).digest() == digest else None


def code_path() -> Path:
    """Where this machine's code is kept: its name tells everything that the code depends on."""
    digest = hashlib.sha256(llvmlite.__version__.encode())
    for part in (sys.platform, processor.name(), processor.features()):
        digest.update(part.encode() + b"\\0")
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return cache_directory() / "code" / f"{digest.hexdigest()[:32]}.o"


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
        from riverrun.generation.compiled.loop import SIGNATURE, run

        run.compile(SIGNATURE)
        (signature,) = run.signatures
        name = run.overloads[signature].fndesc.llvm_func_name
        module = llvm.parse_assembly(run.inspect_llvm(signature).replace(name, _SYMBOL))
        return _target_machine().emit_object(module)
    except Exception as error:  # numba's own errors, or a processor that LLVM does not know
        raise RuntimeError(f"the compiler failed: {type(error).__name__}: {error}".splitlines()[0]) from error
    finally:
        notice.cancel()


def _link(content: bytes) -> Callable[[int], None]:
    """Load object code into this process."""
    compiler = llvm.create_lljit_compiler(_target_machine())
    library = (
        llvm.JITLibraryBuilder()
        .add_object_img(content)
        .add_current_process()
        .export_symbol(_SYMBOL)
        .link(compiler, "riverrun")
    )
    prototype = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    function = prototype(library[_SYMBOL])
    nothing = ctypes.create_string_buffer(16)  # numba passes a result and an exception, both unused here

    def run(task: int) -> None:
        function(ctypes.addressof(nothing), ctypes.addressof(nothing), task)

    run.library = library  # type: ignore[attr-defined]  # unloaded when it is collected
    return run
