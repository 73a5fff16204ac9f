"""The user's cache directory: encoded texts, built-in and downloaded texts."""

import os
import shutil
import tempfile
from pathlib import Path


def cache_directory() -> Path:
    """``$RIVERRUN_CACHE``, or the platform's cache directory for riverrun."""
    if given := os.environ.get("RIVERRUN_CACHE"):
        return Path(given)
    import platformdirs

    return platformdirs.user_cache_path("riverrun")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that others see either nothing or all of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(temporary, 0o644)  # mkstemp's own mode keeps other users out
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def clean() -> int:
    """Delete encoded and known texts from the cache; returns the bytes freed."""
    freed = 0
    for folder in (cache_directory() / "ids", cache_directory() / "texts"):
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    return freed
