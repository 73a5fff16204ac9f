"""The models that are served: read and verified at the start, found by name afterwards, never anything else."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import cached_property

from riverrun.errors import RiverrunError
from riverrun.language_model import TrainedLanguageModel
from riverrun.server.desk import Desk
from riverrun.server.language_loop import LanguageLoop
from riverrun.server.limits import Limits
from riverrun.server.metrics import Meters
from riverrun.server.naming import names_of
from riverrun.server.offer import Model
from riverrun.server.refusals import Refusal, printable
from riverrun.server.translator_loop import TranslatorLoop
from riverrun.text.permitted import permitted_by


class Served:
    """A model with its waiting line and its thread."""

    def __init__(self, name: str, model: Model, limits: Limits) -> None:
        self.name = name
        self.model = model
        self.desk = Desk(limits.batch, limits.queue)
        self.ready = False
        self.failure: RiverrunError | None = None
        self._thread: threading.Thread | None = None

    @property
    def kind(self) -> str:
        """``language model``, ``translator`` or ``tagger``."""
        return "language model" if isinstance(self.model, TrainedLanguageModel) else self.model.facts["kind"]

    @cached_property
    def names(self) -> list[str]:
        """Names [V] of a language model's symbols."""
        assert isinstance(self.model, TrainedLanguageModel)
        return names_of(self.model.tokenizer)

    def start(self, loop: asyncio.AbstractEventLoop, meters: Meters, on_failure: Callable[[], None]) -> None:
        """Start the model's thread: it makes the model ready, then serves until :meth:`stop`."""

        def live() -> None:
            try:
                serve = self._made_ready(meters)
            except RiverrunError as error:
                self.failure = error
                loop.call_soon_threadsafe(on_failure)
                return
            self.ready = True
            serve()

        self.desk.belong_to(loop)
        self._thread = threading.Thread(target=live, name=f"model {self.name}", daemon=True)
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """End the thread; whoever waits is told."""
        self.desk.stop()
        if self._thread is not None:
            self._thread.join(seconds)

    def _made_ready(self, meters: Meters) -> Callable[[], None]:
        """Build what computes; that of a translator needs torch. Returns the life of the loop."""
        if isinstance(self.model, TrainedLanguageModel):
            decoder, _ = self.model.decoder, self.model.prompts.readings
            language = LanguageLoop(self.desk, meters, permitted_by(self.model.tokenizer))
            return lambda: language.run(decoder)
        translator, loop = self.model, TranslatorLoop(self.desk, meters)
        _ = translator.translating
        return lambda: loop.run(translator)


class Shelf:
    """All models that are served."""

    def __init__(self, models: Sequence[Served]) -> None:
        self.models = {served.name: served for served in models}

    def language_model(self, name: str | None) -> Served:
        """The language model of that name, or the only one; raises Refusal with 404."""
        return self._find(name, "language model", "/v1/translate or /v1/chat/completions")

    def translator(self, name: str | None) -> Served:
        """The translator or tagger of that name, or the only one; raises Refusal with 404."""
        return self._find(name, "translator", "/v1/completions")

    def tokenizing(self, name: str | None) -> Served:
        """The same, without a name the first language model: clients that only know one model leave it out."""
        first = next((each.name for each in self.models.values() if _is(each, "language model")), None)
        return self.language_model(name or first)

    def any(self, name: str) -> Served:
        """The model of that name, of whatever kind; raises Refusal with 404."""
        return self._find(name, None, "")

    def _find(self, name: str | None, kind: str | None, instead: str) -> Served:
        fitting = [each for each in self.models.values() if kind is None or _is(each, kind)]
        if name is None:
            if len(fitting) == 1:
                return fitting[0]
            raise Refusal(400, f"model: say which; there is {self._names(fitting)}", "model")
        found = self.models.get(name)
        if found is None:
            message = f"there is no model {printable(name)!r}; there is {self._names(fitting)}"
            raise Refusal(404, message, "model", "model_not_found")
        if found not in fitting:
            message = f"{name} is a {found.kind}, not a {kind}: ask it at {instead}"
            raise Refusal(404, message, "model", "model_not_found")
        return found

    @staticmethod
    def _names(models: Sequence[Served]) -> str:
        return ", ".join(served.name for served in models) or "none of the kind needed"


def _is(served: Served, kind: str) -> bool:
    return isinstance(served.model, TrainedLanguageModel) == (kind == "language model")
