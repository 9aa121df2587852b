"""The private directory of a Terraform run: what is unpacked, what is refused, what the root module says."""

import gzip
import io
import json
import tarfile

import pytest

from app.core.step_params import TerraformFileParams
from app.steps.base import StateAccess
from app.steps.terraform import workspace
from app.steps.terraform.workspace import WorkspaceError, environment, lay_out, unpack
from tests.steps.terraform_runs import archive

STATE = StateAccess("http://127.0.0.1:1/x", "user", "password")


def params(variables=None, **more):
    return TerraformFileParams(module_source="../modules/x", variables=variables or {}, **more)


def root(tmp_path, given):
    lay_out(tmp_path, archive({"main.tf": ""}), given)
    return json.loads((tmp_path / "main.tf.json").read_text())


def member(name, kind=tarfile.REGTYPE, link="", size=0):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, size
        tar.addfile(info, io.BytesIO(b"\0" * size))
    return packed.getvalue()


def test_files_and_folders_are_unpacked(tmp_path):
    unpack(archive({"main.tf": "a", "parts/deep/x.tf": "b"}), tmp_path / "m")
    assert (tmp_path / "m/main.tf").read_text() + (tmp_path / "m/parts/deep/x.tf").read_text() == "ab"


@pytest.mark.parametrize(
    "packed",
    [
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.LNKTYPE, "main.tf"),
        member("pipe", tarfile.FIFOTYPE),
        member("device", tarfile.CHRTYPE),
        member("/etc/cron.d/x"),
        member("../outside.tf"),
        member("a/../../outside.tf"),
        member("a\\..\\outside.tf"),
    ],
    ids=["symlink", "hard link", "pipe", "device", "absolute", "above", "above by a detour", "backslashes"],
)
def test_links_devices_and_places_outside_are_refused(tmp_path, packed):
    with pytest.raises(WorkspaceError, match="link or lies outside"):
        unpack(packed, tmp_path / "m")
    assert not list((tmp_path / "m").iterdir())


def test_a_bomb_is_refused_while_it_unfolds(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "MAX_BYTES", 1024 * 1024)
    with pytest.raises(WorkspaceError, match="larger than"):
        unpack(member("big", size=1024 * 1024 + 1), tmp_path / "m")


def test_too_many_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "MAX_FILES", 2)
    with pytest.raises(WorkspaceError, match="larger than 2 files"):
        unpack(archive({"a": "", "b": "", "c": ""}), tmp_path / "m")


@pytest.mark.parametrize(
    "packed",
    [b"", b"no archive", gzip.compress(b"no tar" * 200), archive({"a": "x" * 4000})[:-60]],
    ids=["empty", "no gzip", "no tar", "cut off"],
)
def test_a_broken_archive_is_told_in_a_sentence(tmp_path, packed):
    with pytest.raises(WorkspaceError, match="cannot be read"):
        unpack(packed, tmp_path / "m")


def test_a_file_may_not_come_twice(tmp_path):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for _ in range(2):
            tar.addfile(tarfile.TarInfo("main.tf"), io.BytesIO())
    with pytest.raises(WorkspaceError, match="cannot be read"):
        unpack(packed.getvalue(), tmp_path / "m")


def test_the_root_module_names_values_and_holds_none(tmp_path):
    told = root(tmp_path, params({"word": "${danger}"}))
    assert told["module"] == {"main": {"source": "./module", "word": "${var.word}"}}
    assert "danger" not in json.dumps(told)


@pytest.mark.parametrize(
    "name", ["source", "version", "providers", "count", "for_each", "depends_on", "lifecycle", "a b", "x}", ""]
)
def test_a_name_that_would_be_more_than_a_variable_is_refused(tmp_path, name):
    with pytest.raises(WorkspaceError, match="cannot be the name"):
        root(tmp_path, params({name: 1}))


def test_the_backend_is_ours_unless_the_catalog_names_another(tmp_path):
    assert root(tmp_path, params())["terraform"]["backend"] == {"http": {}}


def test_the_catalog_may_name_another_backend(tmp_path):
    told = root(tmp_path, params(backend_config={"type": "s3", "bucket": "states"}))
    assert told["terraform"]["backend"] == {"s3": {"bucket": "states"}}


@pytest.mark.parametrize("config", [{}, {"bucket": "x"}, {"type": "local"}, {"type": 's3" {}'}, {"type": 3}])
def test_a_backend_that_is_none_or_would_lose_the_state_is_refused(tmp_path, config):
    with pytest.raises(WorkspaceError, match="needs a `type`"):
        root(tmp_path, params(backend_config=config))


def test_a_workspace_without_a_backend_of_its_own_is_refused(tmp_path):
    with pytest.raises(WorkspaceError, match="needs a `backend_config`"):
        root(tmp_path, params(workspace="staging"))


@pytest.mark.parametrize("name", ["a/b", "../x", "a b", "x" * 91])
def test_a_workspace_name_is_a_word(tmp_path, name):
    with pytest.raises(WorkspaceError, match="letters, digits"):
        root(tmp_path, params(workspace=name, backend_config={"type": "s3"}))


def test_the_environment_tells_where_the_state_is(tmp_path):
    told = environment(tmp_path, params(), STATE, None)
    assert (told["TF_HTTP_ADDRESS"], told["TF_HTTP_USERNAME"], told["TF_HTTP_PASSWORD"]) == (
        "http://127.0.0.1:1/x",
        "user",
        "password",
    )


def test_another_backend_does_not_see_the_password_of_ours(tmp_path):
    told = environment(tmp_path, params(workspace="staging", backend_config={"type": "s3"}), STATE, None)
    assert "TF_HTTP_PASSWORD" not in told
    assert told["TF_WORKSPACE"] == "staging"


def test_home_and_temporary_files_are_the_runs_own(tmp_path):
    told = environment(tmp_path, params(), STATE, None)
    assert (told["HOME"], told["TMPDIR"]) == (str(tmp_path), str(tmp_path / "tmp"))


def test_the_plugin_cache_is_made_when_it_is_missing(tmp_path):
    told = environment(tmp_path, params(), STATE, tmp_path / "cache" / "plugins")
    assert told["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "cache" / "plugins")
    assert (tmp_path / "cache" / "plugins").is_dir()


def test_a_run_without_any_backend_is_a_bug(tmp_path):
    with pytest.raises(ValueError, match=r"context\.state"):
        environment(tmp_path, params(), None, None)
