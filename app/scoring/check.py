"""`python -m app check`: what would be served, how, and what is wrong with the rest.

    check(settings)     survey ─> one block a version, or one JSON document ─> exit code
    describe(model)     what is known of a version that would be served

It loads as the service does, with the same settings, and serves nothing.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
from pydantic import Field
from pydantic_settings import CliPositionalArg, SettingsConfigDict

from app.bundle import reader as bundles
from app.printable import bounded, json_text
from app.repository.survey import Finding, State, survey
from app.runtime.model import Model
from app.settings import Settings
from app.tensors import TensorSpec

COLOURS: dict[State, str] = {"served": "32", "left out": "2", "NOT SERVED": "31"}
GAP = 10  # columns of a line's title


class Check(Settings):
    """Say which models would be served with these settings, how, and what is wrong with the others.

    Exits with 0 when all would be served, 1 when not, 2 when the settings are wrong.
    """

    model_config = SettingsConfigDict(cli_shortcuts={"as-json": "json"})

    models: CliPositionalArg[Path] = Field(Path("models"), description="Folder of models, `<name>/<version>/` each.")
    as_json: bool = Field(False, description="Write one JSON document instead of text.")


def check(settings: Check) -> int:
    """Print what the models are, and return the exit code."""
    findings = []
    for finding in survey(settings):
        findings.append(finding)
        if not settings.as_json:
            print(_text(finding, settings, colours=sys.stdout.isatty()), flush=True)
    served = sum([finding.state == "served" for finding in findings])
    wrong = [finding for finding in findings if finding.state == "NOT SERVED"]
    if settings.as_json:
        document = {"models": str(settings.models), "ok": not wrong, "found": [_json(f, settings) for f in findings]}
        print(json_text(msgspec.json.format(msgspec.json.encode(document), indent=2).decode()))
    else:
        print(f"{served} served, {len(wrong)} not served.")
    return 1 if wrong else 0


def describe(model: Model, settings: Settings) -> dict[str, Any]:
    """Return what is known of a version that would be served."""
    facts, decision = model.facts, model.decision
    return {
        "kind": "graph" if model.bundle is None else "bundle",
        "verified": _verified(model),
        "sha256": facts.sha256,
        **model.signature.described(),
        "batched": model.signature.batched,
        "remark": facts.remark,
        "inline": decision.inline,
        "threads": decision.threads,
        "max_batch_rows": decision.max_batch_rows,
        "run_us": {str(rows): round(seconds * 1e6) for rows, seconds in decision.run_s.items()},
        "load_s": round(facts.load_s, 3),
        "answers": answers(model, settings),
    }


def answers(model: Model, settings: Settings) -> list[str]:
    """List where a version answers."""
    version = "" if settings.versions == "latest" else f"/versions/{model.version}"
    query = f"?model={model.name}&version={model.version}" if version else f"?model={model.name}"
    tensorflow, own = ["predict"], []
    if model.bundle is not None:
        answer = model.bundle.answer
        tensorflow += [*(["classify"] if answer.classes else []), *(["regress"] if answer.numeric else [])]
        own = [f"POST /predict{query}"]
    return [
        *own,
        f"POST /v2/models/{model.name}{version}/infer",
        *[f"POST /v1/models/{model.name}{version}:{verb}" for verb in tensorflow],
        *([] if settings.grpc_port is None else [f"gRPC inference.GRPCInferenceService/ModelInfer, {model.name}"]),
    ]


def _verified(model: Model) -> str:
    signed = " and the signature over them" if model.facts.signed else ""
    if model.bundle is None and signed:
        return f"its files by the signature over them; nothing vouches for its answers: {bundles.MODEL} has no manifest"
    if model.bundle is None:
        return f"nothing vouches for it: {bundles.MODEL} has no manifest"
    files, rows = len(model.bundle.manifest.files), len(model.bundle.golden.instances)
    return f"{files} files by their sha256{signed}; {rows} golden rows answered as for the trainer"


def _json(finding: Finding, settings: Settings) -> dict[str, Any]:
    known = {"name": finding.name, "state": finding.state.lower(), "reason": finding.reason}
    return known | ({} if finding.model is None else describe(finding.model, settings))


def _text(finding: Finding, settings: Settings, *, colours: bool) -> str:
    head = bounded(f"{finding.name}: {finding.state}")
    if colours:
        head = f"\033[{COLOURS[finding.state]}m{head}\033[0m"
    lines = [finding.reason] if finding.reason else []
    if finding.model is not None:
        model = finding.model
        blocks = {
            "verified": [_verified(model)],
            "input": map(_shown, model.signature.inputs),
            "output": map(_shown, model.signature.outputs),
            "batching": [_batching(model)],
            "engine": [str(model.decision)],
            "answers": answers(model, settings),
        }
        for title, texts in blocks.items():
            lines += [f"{title if not at else '':{GAP}}{text}" for at, text in enumerate(texts)]
    return "\n".join([head, *[f"  {bounded(line)}" for line in lines], ""])


def _batching(model: Model) -> str:
    remark = model.facts.remark or "Requests share a run."
    alone = model.signature.batched and model.decision.max_batch_rows == 1
    return f"{remark} They do not: more rows a run were no cheaper." if alone else remark


def _shown(spec: TensorSpec) -> str:
    """Show the symbols where the graph has them."""
    symbols = spec.symbols or ("",) * len(spec.shape)
    dims = [str(dim) if dim is not None else symbol or "-1" for dim, symbol in zip(spec.shape, symbols, strict=True)]
    return f"{spec.name} {spec.datatype.name} [{', '.join(dims)}]"
