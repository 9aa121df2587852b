"""Terraform modules as archives: always the same bytes, and nothing from outside the repository."""

import io
import tarfile

import pytest

from app.catalog import modules
from app.catalog.modules import ModuleError, pack
from tests.catalog.folders import write


def names(module):
    with tarfile.open(fileobj=io.BytesIO(module.archive), mode="r:gz") as tar:
        return tar.getnames()


def test_the_same_files_make_the_same_archive(folder):
    write(folder, "modules/copy/main.tf", 'variable "name" {}\n').touch()
    assert pack(folder, "./modules/postgres") == pack(folder, "modules/copy")


def test_other_files_make_another_archive(folder):
    before = pack(folder, "./modules/postgres")
    write(folder, "modules/postgres/main.tf", "# changed\n")
    after = pack(folder, "./modules/postgres")
    assert before.sha256 != after.sha256
    assert before.digest != after.digest


def test_what_a_run_left_behind_is_no_part_of_a_module(folder):
    write(folder, "modules/postgres/.terraform/providers/x", "x")
    write(folder, "modules/postgres/terraform.tfstate", "{}")
    write(folder, "modules/postgres/templates/init.sh", "echo\n")
    assert names(pack(folder, "./modules/postgres")) == ["main.tf", "templates/init.sh"]


def test_an_archive_tells_nothing_of_the_machine(folder):
    with tarfile.open(fileobj=io.BytesIO(pack(folder, "./modules/postgres").archive), mode="r:gz") as tar:
        (entry,) = tar.getmembers()
    assert (entry.uid, entry.gid, entry.uname, entry.mtime, entry.mode) == (0, 0, "", 0, 0o644)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("./modules/mysql", "does not exist"),
        ("./modules/postgres/main.tf", "does not exist"),
        ("../outside", "leaves the repository"),
        ("./modules/../../outside", "leaves the repository"),
        (".", "leaves the repository"),
        ("/etc", "is not a folder of this repository"),
        ("~/modules", "is not a folder of this repository"),
        ("git::https://git.example.com/db", "is not a folder of this repository"),
        ("https://modules.example.com/db", "is not a folder of this repository"),
    ],
)
def test_a_source_leads_to_a_folder_of_the_repository(folder, source, message):
    with pytest.raises(ModuleError, match=message):
        pack(folder, source)


def test_a_linked_folder_is_refused(folder, tmp_path):
    write(tmp_path, "outside/main.tf", "")
    (folder / "modules/linked").symlink_to(tmp_path / "outside")
    with pytest.raises(ModuleError, match="leads through a symbolic link"):
        pack(folder, "./modules/linked")


def test_a_linked_file_is_refused(folder, tmp_path):
    (folder / "modules/postgres/secret.tf").symlink_to(write(tmp_path, "secret", "x"))
    with pytest.raises(ModuleError, match="is a link or no plain file"):
        pack(folder, "./modules/postgres")


def test_a_folder_without_terraform_is_refused(folder):
    write(folder, "modules/empty/README.md", "")
    with pytest.raises(ModuleError, match="holds no Terraform files"):
        pack(folder, "./modules/empty")


def test_a_module_has_a_largest_size(folder, monkeypatch):
    monkeypatch.setattr(modules, "MAX_BYTES", 10)
    with pytest.raises(ModuleError, match="MiB"):
        pack(folder, "./modules/postgres")


def test_a_module_has_a_largest_number_of_files(folder, monkeypatch):
    monkeypatch.setattr(modules, "MAX_FILES", 1)
    write(folder, "modules/postgres/outputs.tf", "")
    with pytest.raises(ModuleError, match="more than 1 files"):
        pack(folder, "./modules/postgres")
