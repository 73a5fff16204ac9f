"""What clients may send: one model a request. Bounds that depend on a model or on the server's limits come later.

Unknown fields are ignored (clients of other servers send many) and named in the access log. Fields that are null
count as absent.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from riverrun.generation.search import Search

MOST_STOPS, LONGEST_STOP, MOST_BIASES = 16, 256, 1024
LONGEST_NAME = 256

_SEED = 1 << 63


def _one_text_or_several(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("give a text or a list of texts")
    return texts


def _prompts(value: Any) -> list[Any]:
    """Texts and lists of ids, one for each prompt."""
    if isinstance(value, str) or value == []:
        return [value]
    if isinstance(value, list):
        if all(isinstance(item, str) for item in value):
            return value
        if _are_ids(value):
            return [value]
        if all(isinstance(item, list) and _are_ids(item) for item in value):
            return value
    raise ValueError("give a text, a list of texts, a list of symbol ids or a list of such lists")


def _are_ids(value: list[Any]) -> bool:
    return all(type(item) is int for item in value)


def _stops(value: Any) -> list[str]:
    stops = _one_text_or_several([] if value is None else value)
    if len(stops) > MOST_STOPS or any(len(stop) > LONGEST_STOP for stop in stops):
        raise ValueError(f"give at most {MOST_STOPS} texts of at most {LONGEST_STOP} characters")
    return stops


def _biases(value: Any) -> dict[int, float]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > MOST_BIASES:
        raise ValueError(f"give an object of at most {MOST_BIASES} symbol ids")
    biases = {}
    for name, bias in value.items():
        if not (name.isascii() and name.isdecimal() and len(name) < 10):
            raise ValueError(f"{name[:20]!a} is not a symbol id")
        if type(bias) not in (int, float) or not -100 <= bias <= 100:
            raise ValueError("a bias is a number from -100 to 100")
        biases[int(name)] = float(bias)
    return biases


_ID = {"type": "integer", "minimum": 0, "maximum": (1 << 31) - 1}
_IDS = {"type": "array", "items": _ID}
_TEXTS = {"type": "array", "items": {"type": "string"}}

Prompts = Annotated[
    list[Any],
    BeforeValidator(_prompts),
    WithJsonSchema({"anyOf": [{"type": "string"}, _TEXTS, _IDS, {"type": "array", "items": _IDS}]}),
]
Texts = Annotated[
    list[str], BeforeValidator(_one_text_or_several), WithJsonSchema({"anyOf": [{"type": "string"}, _TEXTS]})
]
Stops = Annotated[
    list[str],
    BeforeValidator(_stops),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "maxLength": LONGEST_STOP},
                {
                    "type": "array",
                    "items": {"type": "string", "maxLength": LONGEST_STOP},
                    "maxItems": MOST_STOPS,
                },
                {"type": "null"},
            ]
        }
    ),
]
Biases = Annotated[
    dict[int, float],
    BeforeValidator(_biases),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "maxProperties": MOST_BIASES,
                    "propertyNames": {"pattern": "^[0-9]{1,9}$"},
                    "additionalProperties": {"type": "number", "minimum": -100, "maximum": 100},
                },
                {"type": "null"},
            ]
        }
    ),
]
Ids = Annotated[list[int], BeforeValidator(lambda value: _ids(value)), WithJsonSchema(_IDS)]
Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Seed = Annotated[int, Field(ge=-_SEED, lt=_SEED)]
Share = Annotated[float, Field(ge=0, le=1)]


def _ids(value: Any) -> list[int]:
    if not isinstance(value, list) or not _are_ids(value):
        raise ValueError("give a list of symbol ids")
    return value


class RequestBody(BaseModel):
    """What all requests have in common."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    model: Name | None = Field(None, description="one of /v1/models; may be left out where only one fits")

    @property
    def ignored(self) -> list[str]:
        """Names of fields that mean nothing here."""
        return list(self.model_extra or {})


class StreamOptions(BaseModel):
    """What is told in a stream beside the text."""

    model_config = ConfigDict(strict=True, extra="ignore")

    include_usage: bool | None = None


class Writing(RequestBody):
    """How a text is written: the settings of the completions API and those of ``riverrun generate``."""

    max_tokens: int | None = Field(None, ge=0, description="symbols to write; 400 where it is left out")
    n: int | None = Field(None, ge=1)
    stop: Stops = Field(default_factory=list)
    seed: Seed | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logit_bias: Biases = Field(default_factory=dict)
    temperature: float | None = Field(None, ge=0, le=1e6)
    top_p: Share | None = None
    top_k: int | None = Field(None, ge=0, le=1_000_000)
    min_p: Share | None = None
    typical_p: Share | None = None
    repetition_penalty: float | None = Field(None, ge=0.01, le=100)
    repetition_window: int | None = Field(None, ge=0, le=1024)
    uniform: bool | None = None
    presence_penalty: float | None = Field(None, description="only 0: use repetition_penalty")
    frequency_penalty: float | None = Field(None, description="only 0: use repetition_penalty")

    @model_validator(mode="after")
    def _check(self) -> "Writing":
        if self.presence_penalty or self.frequency_penalty:
            raise ValueError(
                "presence_penalty and frequency_penalty: only 0 is known; use repetition_penalty"
            )
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options: only with stream")
        return self


class CompletionRequest(Writing):
    """``POST /v1/completions``."""

    prompt: Prompts = Field(default_factory=lambda: [""])
    best_of: int | None = Field(None, ge=1)
    logprobs: int | None = Field(None, ge=0)
    echo: bool | None = None
    suffix: Literal[""] | None = None

    @model_validator(mode="after")
    def _check_best(self) -> "CompletionRequest":
        if self.best_of is not None:
            if self.best_of < (self.n or 1):
                raise ValueError("best_of: give at least n")
            if self.stream and self.best_of > (self.n or 1):
                raise ValueError("best_of: not with stream, whose text cannot be taken back")
        return self


class MessagePart(BaseModel):
    """A part of a message: text only."""

    model_config = ConfigDict(strict=True, extra="ignore")

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A message of a chat."""

    model_config = ConfigDict(strict=True, extra="ignore")

    role: Name
    content: str | list[MessagePart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or ""


class ChatRequest(Writing):
    """``POST /v1/chat/completions``."""

    messages: list[Message] = Field(min_length=1, max_length=1024)
    max_completion_tokens: int | None = Field(None, ge=0)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _check_logprobs(self) -> "ChatRequest":
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs: only with logprobs")
        return self


class ScoreRequest(RequestBody):
    """``POST /v1/score``."""

    input: Texts


class TranslateRequest(RequestBody):
    """``POST /v1/translate``."""

    input: Texts
    beam: int | None = Field(
        None, ge=1, description=f"hypotheses kept side by side; 1 is greedy, {Search.beam} the default"
    )
    n_best: int | None = Field(None, ge=1)
    length_penalty: float | None = Field(None, ge=0, le=10)
    attention: bool | None = Field(None, description="where each output was read")


class TokenizeRequest(RequestBody):
    """``POST /tokenize``."""

    prompt: str
    add_special_tokens: bool | None = Field(None, description="the start symbol in front; false if left out")


class DetokenizeRequest(RequestBody):
    """``POST /detokenize``."""

    tokens: Ids
