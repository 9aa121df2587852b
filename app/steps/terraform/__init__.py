"""The step type `TerraformFile`: builds one Terraform module with the real program.

`step` says what happens in which order; `workspace` lays out the private directory; `program` finds and runs the program,
under `guard`; `narration` turns its stream into sentences, `diagnostics` its errors into an outcome, `results` its state
into outputs. `remote` lets HCP Terraform run the module instead: `remote_api` makes the calls, `remote_shapes` reads the
answers, `remote_archive` packs what is brought there, `remote_endings` judges runs that are over.
"""

from app.steps.terraform.step import TerraformFile

__all__ = ["TerraformFile"]
