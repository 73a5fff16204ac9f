"""How well outputs match references: exact match, edit distance, BLEU, chrF."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class TranslationQuality:
    """Figures over pairs; rates are shares between 0 and 1.

    Attributes:
        pairs: pairs in the file.
        sources: different sources; each is translated once, and any of its references counts.
        several_references: sources with more than one reference.
        exact_match: share of sources whose whole output is a reference.
        word_error_rate: one minus that, the usual measure of grapheme-to-phoneme conversion.
        symbol_error_rate: edits to the nearest reference, per reference symbol.
        bleu, chrf: between 0 and 100, by sacrebleu.
        bleu_signature, chrf_signature: what sacrebleu was told.
        nats_per_token: loss of the references; of the most likely alignment for a monotone decoder.
    """

    pairs: int
    sources: int
    several_references: int
    exact_match: float
    word_error_rate: float
    symbol_error_rate: float
    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str
    nats_per_token: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def quality(
    outputs: Sequence[str], references: Sequence[Sequence[str]], unit: str, nats_per_token: float, pairs: int
) -> TranslationQuality:
    """Compare outputs [N] with one or more references each.

    Args:
        outputs: one for each different source.
        references: for each of them, at least one.
        unit: of the target; symbols are counted in it.
        nats_per_token: measured elsewhere.
        pairs: lines of the file, equal ones counted too.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    hits = sum(output in wanted for output, wanted in zip(outputs, references, strict=True))
    edits = [nearest(output, wanted, unit) for output, wanted in zip(outputs, references, strict=True)]
    # sacrebleu takes reference streams: the k-th reference of every source, None where there is none.
    streams = [
        [wanted[k] if k < len(wanted) else None for wanted in references]
        for k in range(max(map(len, references)))
    ]
    bleu = BLEU(
        tokenize=tokenization(references, unit), effective_order=False, force=True
    )  # no advice on spaces
    chrf = CHRF()
    bleu_score = bleu.corpus_score(list(outputs), streams)  # pyright: ignore[reportArgumentType]
    chrf_score = chrf.corpus_score(list(outputs), streams)  # pyright: ignore[reportArgumentType]
    return TranslationQuality(
        pairs=pairs,
        sources=len(outputs),
        several_references=sum(len(wanted) > 1 for wanted in references),
        exact_match=hits / len(outputs),
        word_error_rate=1 - hits / len(outputs),
        symbol_error_rate=sum(edit for edit, _ in edits) / max(1, sum(length for _, length in edits)),
        bleu=bleu_score.score,
        chrf=chrf_score.score,
        bleu_signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
        nats_per_token=nats_per_token,
    )


def nearest(output: str, references: Iterable[str], unit: str) -> tuple[int, int]:
    """Levenshtein distance to the nearest reference, and that reference's length, in symbols."""
    found = symbols(output, unit)
    wanted = [symbols(reference, unit) for reference in references]
    return min((distance(found, each), len(each)) for each in wanted)


def distance(output: Sequence[Hashable], reference: Sequence[Hashable]) -> int:
    """Levenshtein distance."""
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(output, reference)


def symbols(text: str, unit: str) -> list[str]:
    """What errors are counted in: words where words are written, symbols between spaces, else characters."""
    return text.split() if unit in ("symbols", "word", "bpe") else list(text)


def tokenization(references: Sequence[Sequence[str]], unit: str) -> str:
    """sacrebleu's tokenizer: none for symbols, Chinese where a third of the characters are Han, else 13a."""
    if unit == "symbols":
        return "none"
    text = "".join(wanted[0] for wanted in references[:1000])
    han = sum("\u4e00" <= character <= "\u9fff" for character in text)
    return "zh" if 3 * han > len(text) else "13a"
