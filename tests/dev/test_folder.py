"""The data folder: one holder at a time, secrets for its owner only."""

import os

import pytest

from app.vault import Vault
from dev import clean
from dev.errors import RefusedError
from dev.folder import DataFolder
from dev.keeper import WHAT, hold
from tests.dev.conftest import needs_root


@pytest.fixture
def folder(tmp_path):
    folder = DataFolder(tmp_path / "data")
    folder.make()
    return folder


def test_secrets_are_made_once(folder):
    assert folder.secrets() == DataFolder(folder.path).secrets()


def test_only_the_owner_reads_the_secrets(folder):
    folder.secrets()
    assert (folder.path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_the_vault_takes_the_keys(folder):
    vault = Vault.from_text(folder.secrets().vault_keys)
    assert vault.decrypt(vault.encrypt(b"plain", "cell"), "cell") == b"plain"


def test_a_second_run_over_the_same_data_is_refused_with_a_sentence(folder):
    assert folder.hold(WHAT, 0)
    with pytest.raises(RefusedError, match=rf"`make run` \(process {os.getpid()}\) already uses .* set STRATUS_DATA"):
        hold(DataFolder(folder.path))
    folder.release()


def test_a_released_folder_can_be_held(folder):
    folder.hold(WHAT, 0)
    folder.release()
    second = DataFolder(folder.path)
    assert second.hold(WHAT, 0)
    second.release()


def test_a_folder_that_cannot_be_made_is_refused_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RefusedError, match="set STRATUS_DATA to another folder"):
        DataFolder(tmp_path / "file" / "data").make()


def test_cleaning_removes_what_is_ours_and_leaves_the_rest(folder):
    folder.secrets()
    (folder.path / "notes.txt").write_text("mine")
    clean.clean_data(folder)
    assert [path.name for path in folder.path.iterdir()] == ["notes.txt"]


def test_data_in_use_is_not_cleaned(folder):
    folder.hold(WHAT, 0)
    with pytest.raises(RefusedError, match="stop it first"):
        clean.clean_data(DataFolder(folder.path))
    folder.release()


@needs_root
def test_cleaning_follows_the_link_out_of_a_closed_home(folder, open_folder):
    outside = open_folder / "postgres-1"
    outside.mkdir()
    (folder.path / "postgres").symlink_to(outside)
    clean.clean_data(folder)
    assert not outside.exists()
