"""How long a turn of a batcher takes, of late: by it the wait of a newcomer is judged.

    Pace.ran(started, ended, backlog)   a run ended; were there rows that waited for the next?
    Pace.refused()                      a newcomer was turned away
    Pace.turn_s                         seconds from run to run

It knows neither queues nor requests.
"""

import math

PACE_S = 0.1  # the pace is learned from about so long
RUN_SHARE = 0.3  # of the time: with less, the model is not what takes it


class Pace:
    """The seconds from run to run, while rows wait, so that all else the loop does is in them.

    An average over the last tenth of a second or so, and not over the last runs: the loop reads its sockets, which may
    take longer than all runs together, once before several runs that follow one another. Where the runs are a small
    part of it, to refuse a request takes as long as to answer it; then those refused count as if they had been in runs,
    or a service that has once begun to refuse would find no end. A full run has `batch_rows`.
    """

    def __init__(self, batch_rows: int) -> None:
        self.turn_s = 0.0
        self._batch_rows = batch_rows
        self._backlog = False  # rows waited when the last run ended
        self._last_end = 0.0
        self._refused = 0  # since the last run
        # What is long past weighs little in these.
        self._recent_s = 0.0
        self._recent_run_s = 0.0
        self._recent_runs = 0.0
        self._recent_refused = 0.0

    @property
    def mostly_runs(self) -> bool:
        """True when runs are what takes the time: then to refuse a request costs less than to answer it."""
        return self._recent_run_s >= RUN_SHARE * self._recent_s

    def refused(self) -> None:
        self._refused += 1

    def rest(self) -> None:
        """Nothing is left to run: what comes next has not waited."""
        self._backlog = False

    def ran(self, started: float, ended: float, *, backlog: bool) -> None:
        """Learn from a run, with its times on `time.monotonic`; with a `backlog` rows wait for the next one."""
        spent_s = ended - (self._last_end if self._backlog else started)
        keep = math.exp(-spent_s / PACE_S)
        self._recent_s = self._recent_s * keep + spent_s
        self._recent_run_s = self._recent_run_s * keep + ended - started
        self._recent_runs = self._recent_runs * keep + 1
        self._recent_refused = self._recent_refused * keep + self._refused
        self._backlog, self._last_end, self._refused = backlog, ended, 0
        turns = self._recent_runs
        if not self.mostly_runs:
            turns += self._recent_refused / self._batch_rows
        self.turn_s = self._recent_s / turns
