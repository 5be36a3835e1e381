"""A trained model: what the stages before judging have found, from the data to the graph that ships."""

from dataclasses import dataclass

from training.calibration.adjustment import Adjustment
from training.compression.selection import Choice
from training.data.prepare import Data
from training.network.network import Network
from training.options import Options
from training.trainer.fit import History
from training.tuning.trials import Search


@dataclass(frozen=True, kw_only=True)
class TrainedModel:
    """One model, and everything it came from."""

    options: Options
    name: str
    data: Data
    network: Network  # as it is served: folded and calibrated
    history: History
    adjustment: Adjustment
    choice: Choice
    search: Search | None = None  # how the options were found, if they were searched
