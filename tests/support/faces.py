"""A contract for import-linter: nobody reaches past the face of a room.

    a package with `__all__` has a face: the names, and the modules, that others may take
    a module outside it that imports another module of it breaks the contract

It knows no room by name.
"""

import ast
from pathlib import Path

import grimp
from importlinter import Contract, ContractCheck, output


class FacesContract(Contract):
    """Every room with a face is imported through it."""

    type_name = "faces"

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        """Return the imports that reach past a face: (importer, imported)."""
        faces = {room: names for room in graph.modules if (names := face_of(room)) is not None}
        found = sorted(
            (importer, inner)
            for room, names in faces.items()
            for inner in graph.find_children(room)
            if inner.rpartition(".")[2] not in names
            for each in {inner, *graph.find_descendants(inner)}
            for importer in graph.find_modules_that_directly_import(each)
            if importer != room and not importer.startswith(f"{room}.")
        )
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that reaches past a face."""
        found: list[tuple[str, str]] = check.metadata["found"]
        for importer, inner in found:
            output.print_error(f"{importer} imports {inner}, past the face of {inner.rpartition('.')[0]}")


def face_of(module: str) -> set[str] | None:
    """Return what a package names in `__all__`, read from its text alone; None where it names nothing."""
    path = Path(*module.split("."), "__init__.py")
    for node in ast.parse(path.read_text()).body if path.exists() else []:
        match node:
            case ast.Assign(targets=[ast.Name("__all__")], value=ast.List(names)):
                return {str(each.value) for each in names if isinstance(each, ast.Constant)}
    return None
