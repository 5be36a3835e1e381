"""`python -m app score`: its options; the work is `app.scoring.run`'s."""

import os
import signal
import sys
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import CliPositionalArg

from app.errors import BundleError
from app.scoring.errors import INTERRUPTED, REFUSED, TERMINATED, ScoringError
from app.settings import Settings
from app.sources.errors import SourceError


class Score(Settings):
    """Answer every row of a file, of a folder of files or of a pattern, and write the answers as files.

    It ends with 0 when all is done, 1 when something failed under way (the same command goes on), 2 when it cannot be
    done, 3 when too many rows were set aside, 130 when it was interrupted (likewise). docs/scoring.md tells more.
    """

    data: CliPositionalArg[str] = Field(
        description="File, folder, pattern or s3://…, with a column for each feature: Parquet, CSV, JSON, Arrow, Excel."
    )
    out: str = Field(description="Folder or s3://… of the answers; the same command goes on where another was stopped.")
    model: str | None = Field(None, description="Who answers; may be left out where the folder holds one model.")
    version: int | None = Field(None, ge=1, description="Which version; left out: the newest.")
    bundle: Path | None = Field(None, description="Folder of the version, `<name>/<version>`, instead of the two.")
    keep: str = Field("", description='Columns to write before the answers: id,day or all; "a,b" is one name.')
    format: Literal["parquet", "csv", "jsonl"] = Field("parquet", description="Of the answers.")
    max_rejected: float = Field(
        0.01, ge=0, le=1, description="Share of all rows that may be set aside, each with line and reason."
    )
    workers: int = Field(1, ge=1, description="Processes on this machine; each has its own copy of the model.")
    engine: str = Field("here", description="Who works: here, index (a pod of a Kubernetes Job), ray, spark.")
    dry_run: bool = Field(False, description="Show the plan, check all columns, score 1,000 rows, write nothing.")
    part_rows: int = Field(262_144, ge=1, le=262_144, description="Rows of a part, the most that is done again.")
    metrics_textfile: Path | None = Field(
        None, description="File for the textfile collector of Prometheus' node exporter."
    )
    quiet: bool = Field(False, description="No progress and no report, only what went wrong.")


def score(settings: Score) -> int:
    """Score, and return the exit code."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))  # until there is something to end
    signal.signal(signal.SIGTERM, lambda *_: os._exit(TERMINATED))
    if sys.platform == "linux":  # whose builds of Arrow have it: a row group of 30 million rows takes 50 MB less by it
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc")
    try:
        from app.scoring.run import run  # noqa: PLC0415 - with pyarrow, an extra

        return run(settings)
    except KeyboardInterrupt as stopped:  # by a second signal
        return TERMINATED if stopped.args == (signal.SIGTERM,) else INTERRUPTED
    except ModuleNotFoundError as error:
        print(f"{error}. Scoring needs the extra `score`: pip install 'slipway[score]'", file=sys.stderr)
        return REFUSED
    except (BundleError, SourceError, ScoringError) as error:
        print(error, file=sys.stderr)
        return REFUSED if not isinstance(error, ScoringError) else error.exit_code
