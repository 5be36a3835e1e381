"""A trained model: what the stages before judging have found, from the data to the graph that ships."""

from dataclasses import dataclass, field

from training.calibration.adjustment import Adjustment
from training.compression.selection import Choice
from training.data.prepare import Data
from training.network.network import Network
from training.options import Options
from training.trainer.fit import History
from training.tuning.trials import Search


@dataclass(kw_only=True)
class TrainedModel:
    """One model, and everything it came from; the comment names the stage that finds it."""

    options: Options
    name: str
    data: Data = field(init=False)  # prepare
    search: Search | None = None  # tune: how the options were found, if they were searched
    history: History = field(init=False)  # fit
    network: Network = field(init=False)  # calibrate: as it is served, folded and calibrated
    adjustment: Adjustment = field(init=False)  # calibrate
    choice: Choice = field(init=False)  # compress
