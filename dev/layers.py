"""Two kinds of import-linter contract: a table of who may import whom, and packages with named importers only."""

from collections.abc import Iterator
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OneWay(Contract):
    """Each row of `table` says what a module of `root` may import: `module: allowed …`. The longest row that fits decides.

    `everybody` may be imported by all; `stores` too, but not by the rows of `storeless`. A module without a row, and an import
    of `root` itself, break the contract.
    """

    type_name = "one_way"
    root: Any = fields.StringField()
    table: Any = fields.ListField(subfield=fields.StringField())
    everybody: Any = fields.ListField(subfield=fields.StringField())
    stores: Any = fields.ListField(subfield=fields.StringField())
    storeless: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the name is import-linter's
        """Look at every import inside `root`."""
        broken = sorted({fault for importer in graph.modules for fault in self._faults(graph, importer)})
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line a fault."""
        for line in check.metadata["broken"]:
            output.print_error(line)

    def _faults(self, graph: ImportGraph, importer: str) -> Iterator[str]:
        if not importer.startswith(f"{self.root}."):
            return
        row = self._row(importer)
        if row is None:
            yield f"{importer} has no row in the table of imports: write one in pyproject.toml"
            return
        for imported in graph.find_modules_directly_imported_by(importer):
            if (imported == self.root or imported.startswith(f"{self.root}.")) and not self._allowed(row, imported):
                yield f"{importer} may not import {imported}: {row} may import {self._said(row) or 'nothing else'}"

    def _allowed(self, row: str, imported: str) -> bool:
        stores = [] if row in self.storeless else self.stores
        allowed = [row, row.partition(".")[0], *self.everybody, *stores, *self._rows()[row]]
        return any(_within(imported, f"{self.root}.{name}") for name in allowed)

    def _said(self, row: str) -> str:
        return " ".join(self._rows()[row])

    def _row(self, module: str) -> str | None:
        fitting = [name for name in self._rows() if _within(module, f"{self.root}.{name}")]
        return max(fitting, key=len, default=None)

    def _rows(self) -> dict[str, list[str]]:
        pairs = (line.partition(":") for line in self.table)
        return {name.strip(): allowed.split() for name, _, allowed in pairs}


class OnlyImporters(Contract):
    """The external `packages` are imported by the modules `importers` of `root` and by no others."""

    type_name = "only_importers"
    root: Any = fields.StringField()
    packages: Any = fields.ListField(subfield=fields.StringField())
    importers: Any = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the name is import-linter's
        """Look at who imports the packages directly."""
        present = [name for name in self.packages if name in graph.modules]
        found = {(module, name) for name in present for module in graph.find_modules_that_directly_import(name)}
        broken = sorted(f"{module} may not import {name}" for module, name in found if self._is_stranger(module))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line a fault."""
        for line in check.metadata["broken"]:
            output.print_error(line)

    def _is_stranger(self, module: str) -> bool:
        return _within(module, self.root) and not any(_within(module, name) for name in self.importers)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
