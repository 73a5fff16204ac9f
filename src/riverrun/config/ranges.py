"""Kinds and ranges of values, named once: for what users write (``settings``), for what is resolved (``resolved``)."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen

Core = Literal["lstm", "gru", "conv"]
Input = Literal["embedding", "one-hot", "scaled-index"]
AttentionKind = Literal["none", "dot", "additive", "monotone"]
TextUnit = Literal["byte", "char", "word", "bpe", "jieba", "clause"]
SideUnit = Literal["byte", "char", "word", "bpe", "jieba", "symbols"]
NormalForm = Literal["none", "NFC", "NFD", "NFKC", "NFKD"]
UnknownPolicy = Literal["spell", "unknown", "skip", "refuse"]
OptimizerName = Literal["adamw", "adam", "rmsprop", "sgd"]
Schedule = Literal["cosine", "constant", "plateau"]
TrainingPrecision = Literal["fp32", "bf16"]

Width = Annotated[int, Ge(1), Le(65536)]
Depth = Annotated[int, Ge(1), Le(64)]
Features = Annotated[int, Ge(1), Le(1024)]
Kernel = Annotated[int, Ge(2), Le(64)]
Members = Annotated[int, Ge(1), Le(100)]
Length = Annotated[int, Ge(1), Le(65536)]  # symbols of a window or a chunk; rows of a batch
Threads = Annotated[int, Ge(1), Le(1024)]
Positive = Annotated[int, Ge(1), Le(1 << 53)]
Natural = Annotated[int, Ge(0), Le(1 << 53)]
Dropped = Annotated[float, Ge(0), Lt(1)]
Closed = Annotated[float, Ge(0), Le(1)]
HeldOutShare = Annotated[float, Gt(0), Lt(1)]
Rate = Annotated[float, Gt(0), Le(100)]
Temperatures = Annotated[tuple[Annotated[float, Ge(0), Le(100)], ...], MaxLen(16)]
Seed = Annotated[int, Ge(0), Lt(2**63)]
Remembering = Literal["auto", "true", "false"]
