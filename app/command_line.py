"""The command line of `serve`, `check` and `drift`, made from their settings.

    parse(settings, arguments, program)  words, then the environment ─> settings, or a line a fault and exit code 2
    options(settings)                    what --help shows: a command's own, those most used, the others by heading

What an option is called and means stands at its field.
"""

import argparse
import inspect
import sys
from types import UnionType
from typing import Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import CliApp, CliSettingsSource, SettingsError

from app.printable import bounded
from app.settings import HEADINGS, Settings

USAGE_ERROR = 2
# What stands for a value in the help: its unit where the name ends in one.
UNITS = {"_per_s": "N", "_s": "SECONDS", "_ms": "MILLISECONDS", "_us": "MICROSECONDS", "_bytes": "BYTES"}
UNITS |= {"_rows": "ROWS"}
PLACEHOLDERS = {"dict": "JSON", "Path": "PATH", "int": "N", "float": "N"}
T = TypeVar("T", bound=Settings)


def parse(kind: type[T], arguments: list[str], program: str) -> T:
    """Read the settings; each that is wrong is said in a line."""
    try:
        return CliApp.run(kind, cli_args=arguments, cli_settings_source=_source(kind, program)[1])
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            where = f"`--{name.replace('_', '-')}` (SLIPWAY_{name.upper()})"
            line = f"Invalid {where}: {fault['msg']}. Received: {str(fault['input'])[:80]}."
            print(bounded(line), file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except SettingsError as error:
        fail(f"Invalid settings: {error}.")


def options(kind: type[Settings]) -> list[tuple[list[str], str, str]]:
    """Return each option: its names, what stands for its value ("" for a switch), what it means."""
    named = [action for action in _source(kind, "")[0]._actions if action.option_strings]
    return [(list(each.option_strings), str(each.metavar or ""), each.help or "") for each in named]


def fail(message: str) -> NoReturn:
    """Print why the command cannot begin, and leave."""
    print(bounded(message), file=sys.stderr)
    sys.exit(USAGE_ERROR)


def _source(kind: type[T], program: str) -> tuple[argparse.ArgumentParser, CliSettingsSource[T]]:
    """Connect a parser with headings to the settings."""
    root = argparse.ArgumentParser(
        prog=program,
        description=inspect.cleandoc(kind.__doc__ or ""),
        epilog="Each option can be set in the environment too: --max-body-bytes as SLIPWAY_MAX_BODY_BYTES.",
        formatter_class=_Formatter,
        allow_abbrev=False,
        add_help=False,
    )
    belongs = _headings(kind)
    groups = {heading: root.add_argument_group(heading) for heading in dict.fromkeys(belongs.values())}
    next(iter(groups.values())).add_argument("-h", "--help", action="help", help="Show this help and leave.")

    def add(_: Any, *names: str, **keywords: Any) -> Any:
        name = str(keywords.get("dest", names[0]))
        return groups[belongs[name]].add_argument(*names, **keywords | _shown(name, kind.model_fields[name], keywords))

    return root, CliSettingsSource(kind, root_parser=root, add_argument_method=add)


def _headings(kind: type[Settings]) -> dict[str, str]:
    """Return the heading above each setting, in order; what a command adds to the service's settings comes first."""
    own = [] if kind is Settings else list(kind.__annotations__)
    belongs, heading = dict.fromkeys(own, "options"), ""
    for name in Settings.model_fields:
        heading = HEADINGS.get(name, heading)
        belongs.setdefault(name, heading)
    return belongs


def _shown(name: str, field: FieldInfo, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return how an option stands in the help: what it means, its default, and a placeholder for its value."""
    text = str(field.description)
    if field.default not in (None, {}) and not field.is_required():
        default = ("off", "on")[field.default] if isinstance(field.default, bool) else field.default
        text += f" (default: {default})"
    shown: dict[str, Any] = {"help": text.replace("%", "%%")}
    takes_value = "dest" in keywords and keywords.get("action") is not argparse.BooleanOptionalAction
    return shown | ({"metavar": _placeholder(name, field.annotation)} if takes_value else {})


def _placeholder(name: str, annotation: Any) -> str:
    """Return the choices in braces, the unit, or the type."""
    first = get_args(annotation)[0] if get_origin(annotation) in (Union, UnionType) else annotation
    if get_origin(first) is Literal:
        return "{" + ",".join(get_args(first)) + "}"
    unit = next((unit for suffix, unit in UNITS.items() if name.endswith(suffix)), None)
    return unit or next((word for part, word in PLACEHOLDERS.items() if part in str(first)), name.upper())


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """The name of the command and `[options]` as usage: all options there were forty lines."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=34)

    def add_usage(self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None) -> None:
        positional = [action for action in actions if not action.option_strings]
        words = [self._format_args(each, each.metavar or each.dest) for each in positional]
        super().add_usage(usage or " ".join(["%(prog)s", *words, "[options]"]), actions, groups, prefix)
