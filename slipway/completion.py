"""Completions for bash, zsh and fish: scripts that hold every verb and option, made from the parsers themselves.

    options()            the programs' own lists of options ─> by verb
    SHELLS[shell](…)     ─> a script to source, or to put where the shell looks for completions

Verbs whose extra is not installed are completed without their options. It knows no option by name.
"""

from collections.abc import Callable, Mapping
from shlex import quote
from typing import NamedTuple

from slipway.verbs import VERBS


class Option(NamedTuple):
    """One option of a verb."""

    names: list[str]
    value: str  # what stands for it in the help: {a,b} for a choice, PATH for a file, "" for a switch
    help: str

    @property
    def choices(self) -> list[str]:
        return self.value[1:-1].split(",") if self.value.startswith("{") else []

    @property
    def summary(self) -> str:
        """The first sentence of the help."""
        return self.help.replace("%%", "%").partition(". ")[0].rstrip(".")


Options = Mapping[str, list[Option]]
GENERAL = ["--help", "--version", "completion"]


def options() -> Options:
    """Ask the program of each verb for its options."""
    found = {name: [] if verb.missing() else verb.program().options(name) for name, verb in VERBS.items()}
    return {name: [Option(*each) for each in its] for name, its in found.items()}


def bash(found: Options) -> str:
    """Return a script for bash, which falls back to files."""
    words, values = [], []
    for verb, each in found.items():
        words.append(f"    {verb}) words='{' '.join(name for option in each for name in option.names)}' ;;")
        chosen = [option for option in each if option.choices]
        values += [f"    {_cases(verb, [option])}) words='{' '.join(option.choices)}' ;;" for option in chosen]
        if free := [option for option in each if option.value and not option.choices]:
            values.append(f"    {_cases(verb, free)}) words='' ;;")
    return f"""# slipway, for bash: source <(slipway completion bash)
_slipway() {{
  local words='' current=${{COMP_WORDS[COMP_CWORD]}} verb=${{COMP_WORDS[1]}}
  if (( COMP_CWORD == 1 )); then
    COMPREPLY=($(compgen -W '{" ".join([*found, *GENERAL])}' -- "$current"))
    return
  fi
  case $verb in
{chr(10).join(words)}
    completion) words='{" ".join(SHELLS)}' ;;
  esac
  case $verb:${{COMP_WORDS[COMP_CWORD - 1]}} in
{chr(10).join(values)}
    completion:*) ;;
    *) [[ $current == -* ]] || words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _slipway slipway
"""


def zsh(found: Options) -> str:
    """Return a script for zsh, to be sourced after `compinit` or to stand as `_slipway` in its fpath."""
    verbs = [f"    {quote(f'{name}:{VERBS[name].summary}')}" for name in found]
    cases = []
    for verb, each in found.items():
        specs = [quote(_spec(option, name)) for option in each for name in option.names]
        cases.append("\n      ".join([f"    {verb}) _arguments", *specs, "'*:file:_files' ;;"]).replace("\n", " \\\n"))
    return f"""#compdef slipway
# slipway, for zsh: source <(slipway completion zsh)
_slipway() {{
  local -a verbs
  verbs=(
{chr(10).join(verbs)}
    'completion:completions for a shell'
  )
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    compadd -- --help --version
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
{chr(10).join(cases)}
    completion) compadd {" ".join(SHELLS)} ;;
  esac
}}
if [[ ${{funcstack[1]-}} == _slipway ]]; then _slipway "$@"; else compdef _slipway slipway; fi
"""


def fish(found: Options) -> str:
    """Return a script for fish."""
    lines = ["# slipway, for fish: slipway completion fish | source", "complete -c slipway -f"]
    first = "-n __fish_use_subcommand"
    lines += [f"complete -c slipway {first} -a {name} -d {_quoted(VERBS[name].summary)}" for name in found]
    lines += [f"complete -c slipway {first} -a completion -d 'completions for a shell'"]
    lines += [f"complete -c slipway {first} -l {name}" for name in ("help", "version")]
    lines += [f"complete -c slipway -n '__fish_seen_subcommand_from completion' -a '{' '.join(SHELLS)}'"]
    for verb, each in found.items():
        seen = f"complete -c slipway -n '__fish_seen_subcommand_from {verb}'"
        lines.append(f"{seen} -F")
        lines += [f"{seen} {_flags(option)} -d {_quoted(option.summary)}" for option in each]
    return "\n".join(lines) + "\n"


def _cases(verb: str, each: list[Option]) -> str:
    """Write a pattern for the word before the one that is completed."""
    return "|".join(f"{verb}:{name}" for option in each for name in option.names)


def _spec(option: Option, name: str) -> str:
    """Write an option as zsh's `_arguments` takes it: `--name=[help]:value:what completes it`."""
    explained = option.summary.replace("[", "\\[").replace("]", "\\]")
    if not option.value:
        return f"{name}[{explained}]"
    action = f"({' '.join(option.choices)})" if option.choices else "_files" if option.value == "PATH" else " "
    return f"{name}=[{explained}]:value:{action}"


def _flags(option: Option) -> str:
    flags = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.choices:
        flags.append(f"-x -a '{' '.join(option.choices)}'")
    elif option.value:
        flags.append("-r -F" if option.value == "PATH" else "-x")
    return " ".join(flags)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


SHELLS: dict[str, Callable[[Options], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
