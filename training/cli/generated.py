"""Generated: the declared options -> a command of Typer.

What most people need comes first in `--help`; the rest stands below it, room by room.
It knows no option by name, and nothing about what the command does.
"""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from training.options import Options, by_name
from training.options.declare import REQUIRED, Declared, text

USUAL = "Options"  # over those that most people need


class Command(TyperCommand):
    """A command whose arguments are all required, named in its usage as in messages: DATA.

    Typer 0.29 writes `{data}`, which reads like a template that nobody filled in, and lists all options in one piece
    where no markup is wanted.
    """

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece[1:-1].upper() if piece.startswith("{") else piece for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if (record := param.get_help_record(ctx)) is not None:
                title = "Arguments" if param.param_type_name == "argument" else getattr(param, "rich_help_panel", None)
                groups.setdefault(title or USUAL, []).append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def application(command: Callable[..., Any], **about: Any) -> typer.Typer:
    """Return a program of one command."""
    made = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    made.command(cls=Command, **about)(command)
    return made


def with_options(run: Callable[[Options], None], help: str, rooms: Collection[type[Any]] = ()) -> Callable[..., None]:
    """Return a function that takes every option of the rooms, or all, by its name, as Typer wants to see it."""

    def command(**values: Any) -> None:
        run(to_options(values))

    command.__doc__ = help
    command.__signature__ = inspect.Signature([_parameter(one) for one in ordered(rooms)])  # type: ignore[attr-defined]
    return command


def ordered(rooms: Collection[type[Any]] = ()) -> list[Declared]:
    """Return the options of some rooms, or of all, as `--help` lists them."""
    chosen = (one for one in by_name().values() if not rooms or one.room in rooms)
    return sorted(chosen, key=lambda one: not (one.words.common or one.words.argument))


def to_options(values: Mapping[str, Any]) -> Options:
    """Turn what stood on the command line, as Typer checked it, into options."""
    return Options.of(**{name: _value(one, values[name]) for name, one in by_name().items() if name in values})


def parse(command: typer.Typer, words: Sequence[str]) -> Options:
    """Read the options of a command line without running it."""
    return to_options(typer.main.get_command(command).make_context("training", list(words)).params)


def _value(one: Declared, given: Any) -> Any:
    try:
        return one.value(given)
    except ValueError as error:
        raise typer.BadParameter(f"`{one.flag}`: {error}") from error


def _parameter(one: Declared) -> inspect.Parameter:
    default = inspect.Parameter.empty if one.default is REQUIRED else one.default
    shown = text(default) if one.words.read is not None else [] if one.words.repeated else default
    kind: Any = one.allowed
    argument = typer.Argument(help=one.words.help, show_default=False)
    annotation = Annotated[kind, argument if one.words.argument else _option(one)]
    return inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=shown, annotation=annotation)


def _option(one: Declared) -> Any:
    words = one.words
    unset = f" [default: {words.unset}]" if words.unset else ""
    return typer.Option(
        *_spellings(one),
        help=words.help + unset,
        metavar=None if words.unit is None else f"<{words.unit}>",
        min=words.low,
        max=words.high,
        show_default=one.default is not None and one.default is not False and one.default != (),
        rich_help_panel=None if words.common else one.room.title,
    )


def _spellings(one: Declared) -> list[str]:
    """Return how it is written; what is off by default has no way to be switched off."""
    if one.type is bool and not one.default:
        return [one.flag]
    return [f"{one.flag}/--no-{one.flag[2:]}"] if one.type in (bool, bool | None) else [one.flag]
