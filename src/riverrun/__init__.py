"""riverrun: recurrent sequence models on your own text.

    import riverrun
    model = riverrun.train("book.txt", minutes=3)
    print(model.generate("the spirit of", length=400, temperature=0.5))

``load`` reads a model again; ``help(riverrun.train)`` and ``help(riverrun.TrainedLanguageModel)`` say more. Errors are
:class:`RiverrunError`, with one line that says what to do. Several threads may use one model at once; train one model
at a time in a process. Importing this loads nothing else; the first use of a name does.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from riverrun.api import (
        Sample,
        Score,
        TrainedLanguageModel,
        load,
        load_language_model,
        load_translator,
        train,
    )
    from riverrun.errors import RiverrunError
    from riverrun.translator import TrainedTranslator, Translation

__all__ = [
    "RiverrunError",
    "Sample",
    "Score",
    "TrainedLanguageModel",
    "TrainedTranslator",
    "Translation",
    "__version__",
    "load",
    "load_language_model",
    "load_translator",
    "train",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'riverrun' has no attribute {name!r}")
    if name == "RiverrunError":
        from riverrun import errors

        return errors.RiverrunError
    if name in ("TrainedTranslator", "Translation"):
        from riverrun import translator

        return getattr(translator, name)
    from riverrun import api

    return getattr(api, name)
