"""The step type `TerraformFile`: builds one Terraform module with the real program, or lets HCP Terraform build it (`remote`).

`step` is the type. `building`, `probing` and `adopting` say what happens in which order, `differing` what a plan would
change, `applying` what an apply that ended means;
`commands` runs Terraform's commands, in the private directory that `workspace` lays out; `program` finds and runs the program,
under `guard`, and `leftovers` ends what got away. `narration` turns its stream into sentences, `planned` its plan into what is
noted, `diagnostics` its errors into an outcome, `results` its state into outputs.
"""

from app.steps.terraform.step import TerraformFile

__all__ = ["TerraformFile"]
