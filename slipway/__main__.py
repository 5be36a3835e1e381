"""`slipway VERB …`: train, evaluate, compare and sign models, serve them, check them, see whether they drift.

    main(words)    --help, --version, completion ─> text
                   a verb ─> verbs.py ─> the program that does it

Nothing but the standard library is imported before the verb is known.
"""

import sys
from typing import NoReturn

from slipway.verbs import USAGE_ERROR, VERBS, run

COMPLETION = "print completions for a shell: bash, zsh or fish"


def main(words: list[str] | None = None) -> NoReturn:
    """Do what the first word says, and exit."""
    first, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    if first in VERBS:
        sys.exit(run(first, rest))
    if first in ("-h", "--help", "help"):
        print(usage())
    elif first in ("-V", "--version"):
        from slipway import versions  # noqa: PLC0415 - what most verbs do not need

        print(versions.text())
    elif first == "completion":
        sys.exit(_complete(rest))
    else:
        known = ", ".join([*VERBS, "completion", "--help", "--version"])
        print(f"Unknown verb: expected one of {known}. Received: `{first}`.", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    sys.exit(0)


def usage() -> str:
    """Return the help: each verb with an example."""
    verbs = [f"  {name:10}  {verb.summary}\n{'':14}slipway {name} {verb.example}" for name, verb in VERBS.items()]
    verbs.append(f"  completion  {COMPLETION}\n{'':14}slipway completion bash")
    head = ["usage: slipway VERB …", "", "From a data file to a production model service.", ""]
    tail = ["", "`slipway VERB --help` explains a verb; `slipway --version` says what a report of a fault should."]
    return "\n".join([*head, *verbs, *tail])


def _complete(words: list[str]) -> int:
    from slipway import completion  # noqa: PLC0415 - as above

    if len(words) != 1 or words[0] not in completion.SHELLS:
        received = " ".join(words) or "nothing"
        print(f"`slipway completion`: expected bash, zsh or fish. Received: {received}.", file=sys.stderr)
        return USAGE_ERROR
    print(completion.SHELLS[words[0]](completion.options()), end="")
    return 0


if __name__ == "__main__":
    main()
