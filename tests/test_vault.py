"""The vault: what was encrypted for a cell opens for that cell alone, under any key of the ring."""

import base64
import os

import pytest

from app.vault import Vault, VaultError

OLD, NEW = ("2025", b"o" * 32), ("2026", b"n" * 32)
CELL = "terraform_states.ciphertext:1"


def text(*keys):
    return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in keys)


@pytest.mark.parametrize("plain", [b"", b"secret", os.urandom(100_000)])
def test_a_cell_opens_to_what_was_put_in(plain):
    vault = Vault([NEW])
    assert vault.decrypt(vault.encrypt(plain, CELL), CELL) == plain


def test_the_plain_text_is_not_in_the_token():
    assert b"canary" not in Vault([NEW]).encrypt(b"canary", CELL)


def test_the_same_text_encrypts_differently_each_time():
    vault = Vault([NEW])
    assert vault.encrypt(b"same", CELL) != vault.encrypt(b"same", CELL)


def test_a_ciphertext_moved_to_another_cell_does_not_open():
    vault = Vault([NEW])
    with pytest.raises(VaultError):
        vault.decrypt(vault.encrypt(b"secret", CELL), "terraform_states.ciphertext:2")


@pytest.mark.parametrize("position", [0, 1, 3, 8, 20, -1])
def test_an_altered_byte_does_not_open(position):
    vault = Vault([NEW, OLD])
    token = bytearray(vault.encrypt(b"secret", CELL))
    token[position] ^= 1
    with pytest.raises(VaultError):
        vault.decrypt(bytes(token), CELL)


@pytest.mark.parametrize("token", [b"", b"\x01", b"\x01\xff", b"\x01\x042026", b"\x01\x042026short"])
def test_a_torn_token_does_not_open(token):
    with pytest.raises(VaultError):
        Vault([NEW]).decrypt(token, CELL)


def test_a_new_first_key_still_reads_what_the_old_one_wrote():
    token = Vault.from_text(text(OLD)).encrypt(b"secret", CELL)
    assert Vault.from_text(text(NEW, OLD)).decrypt(token, CELL) == b"secret"


def test_the_first_key_encrypts():
    token = Vault([NEW, OLD]).encrypt(b"secret", CELL)
    assert Vault([NEW]).decrypt(token, CELL) == b"secret"


def test_a_key_that_left_the_ring_is_told_apart_from_a_bug():
    token = Vault([OLD]).encrypt(b"secret", CELL)
    with pytest.raises(VaultError, match="VAULT_KEYS"):
        Vault([NEW]).decrypt(token, CELL)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("", "names no key"),
        (" , ", "names no key"),
        ("k:%%%", "key 1 of VAULT_KEYS must be written id:base64"),
        (text(NEW) + ",k", "key 2 of VAULT_KEYS must be written id:base64"),
        (text(("short", b"x")), "has 1 bytes instead of 32"),
        (text(("", b"x" * 32)), "the id of key 1"),
        (text(NEW, NEW), "twice"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence(setting, told):
    with pytest.raises(ValueError, match=told):
        Vault.from_text(setting)


@pytest.mark.parametrize("setting", ["k:hunter2-is-not-base64!", "hunter2", "hunter2=:k"])
def test_a_refusal_does_not_show_the_key(setting):
    with pytest.raises(ValueError) as refusal:
        Vault.from_text(setting)
    assert "hunter2" not in str(refusal.value)


def test_a_mark_tells_its_text_under_every_key_of_the_ring():
    mark = Vault([OLD]).mark("an order")
    assert Vault([NEW, OLD]).is_mark(mark, "an order")
    assert Vault([NEW, OLD]).mark("an order") != mark


@pytest.mark.parametrize("mark", ["", "plain", "old", f"{NEW[0]}:00", "unknown:00"])
def test_what_is_no_mark_of_the_text_is_told_apart(mark):
    assert not Vault([NEW, OLD]).is_mark(mark, "an order")


def test_no_mark_can_be_made_without_the_key():
    assert Vault([("same", b"1" * 32)]).mark("an order") != Vault([("same", b"2" * 32)]).mark("an order")
