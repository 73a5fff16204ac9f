"""How well outputs match references: exact match, edit distance, accuracy of tags, BLEU, chrF."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class TagQuality:
    """How well tags are chosen, over all symbols of the nearest references.

    Attributes:
        tag_accuracy: share of the symbols whose tag is right.
        accuracy_by_tag: the same for each tag of the references, the most frequent first.
    """

    tag_accuracy: float
    accuracy_by_tag: dict[str, float]


@dataclass(frozen=True)
class TranslationQuality:
    """Figures over pairs.

    Attributes:
        pairs: pairs in the file.
        sources: different sources; each is translated once, and any of its references counts.
        several_references: sources with more than one reference.
        exact_match: share of sources whose whole output is a reference.
        word_error_rate: one minus that, the usual measure of grapheme-to-phoneme conversion.
        symbol_error_rate: edits to the nearest reference, per reference symbol; above 1 where outputs are longer than
            the references and wrong.
        bleu, chrf: between 0 and 100, by sacrebleu; no BLEU where no output has four tokens.
        bleu_signature, chrf_signature: what sacrebleu was told.
        nats_per_token: loss of the references; a transducer's is that of its most likely path to each.
        tags: of a tagger.
    """

    pairs: int
    sources: int
    several_references: int
    exact_match: float
    word_error_rate: float
    symbol_error_rate: float
    bleu: float | None
    chrf: float
    bleu_signature: str
    chrf_signature: str
    nats_per_token: float
    tags: TagQuality | None = None

    def to_dict(self) -> dict[str, Any]:
        """All figures on one level."""
        figures = asdict(self)
        return figures | (figures.pop("tags") or {})


class Faults(NamedTuple):
    """What is wrong with outputs, as sums, so that parts can be added.

    Attributes:
        sources: outputs compared.
        hits: those that are a reference.
        edits: to the nearest reference of each (Levenshtein).
        symbols: of these references.
    """

    sources: int
    hits: int
    edits: int
    symbols: int

    @property
    def exact_match(self) -> float:
        return self.hits / self.sources

    @property
    def symbol_error_rate(self) -> float:
        return self.edits / max(1, self.symbols)


def quality(
    outputs: Sequence[str],
    references: Sequence[Sequence[str]],
    unit: str,
    nats_per_token: float,
    pairs: int,
    tagging: bool = False,
) -> TranslationQuality:
    """Compare outputs [N] with one or more references each.

    Args:
        outputs: one for each different source.
        references: for each of them, at least one.
        unit: of the target; symbols are counted in it.
        nats_per_token: measured elsewhere.
        pairs: lines of the file, equal ones counted too.
        tagging: outputs are tags, one for each symbol of the source.
    """
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    # sacrebleu takes reference streams: the k-th reference of every source, none where there are fewer.
    streams: Any = [
        [wanted[k] if k < len(wanted) else None for wanted in references]
        for k in range(max(map(len, references)))
    ]
    tokenize = tokenization(references, unit)
    bleu, chrf = BLEU(tokenize=tokenize, effective_order=False, force=True), CHRF()  # no advice on spaces
    by_bleu, by_chrf = (metric.corpus_score(list(outputs), streams) for metric in (bleu, chrf))
    found = faults(outputs, references, unit)
    return TranslationQuality(
        pairs=pairs,
        sources=found.sources,
        several_references=sum(len(wanted) > 1 for wanted in references),
        exact_match=found.exact_match,
        word_error_rate=1 - found.exact_match,
        symbol_error_rate=found.symbol_error_rate,
        bleu=min(100.0, by_bleu.score)
        if all(by_bleu.totals)
        else None,  # it may be a little more by rounding
        chrf=min(100.0, by_chrf.score),
        bleu_signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
        nats_per_token=nats_per_token,
        tags=tag_quality(outputs, references, unit) if tagging else None,
    )


def faults(outputs: Sequence[str], references: Sequence[Sequence[str]], unit: str) -> Faults:
    """What is wrong with outputs [N] that have one or more references each, in symbols of ``unit``."""
    hits = edits = length = 0
    for output, wanted in zip(outputs, references, strict=True):
        hits += output in wanted
        distance_to, nearest_one = nearest(output, wanted, unit)
        edits += distance_to
        length += len(nearest_one)
    return Faults(len(outputs), hits, edits, length)


def tag_quality(outputs: Sequence[str], references: Sequence[Sequence[str]], unit: str) -> TagQuality:
    """Accuracy of tags, outputs and references being equally long."""
    every: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for output, wanted in zip(outputs, references, strict=True):
        _, tags = nearest(output, wanted, unit)
        every.update(tags)
        right.update(tag for tag, given in zip(tags, symbols(output, unit), strict=False) if tag == given)
    by_tag = {tag: right[tag] / count for tag, count in every.most_common()}
    return TagQuality(right.total() / max(1, every.total()), by_tag)


def nearest(output: str, references: Iterable[str], unit: str) -> tuple[int, list[str]]:
    """Levenshtein distance to the nearest reference, and that reference, in symbols."""
    found = symbols(output, unit)
    wanted = [symbols(reference, unit) for reference in references]
    return min(((distance(found, each), each) for each in wanted), key=lambda pair: (pair[0], len(pair[1])))


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
