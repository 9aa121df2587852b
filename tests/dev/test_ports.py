"""Ports are chosen once, remembered, and demanded."""

import socket

import pytest

from dev import ports
from dev.errors import RefusedError


def test_ports_are_remembered(tmp_path):
    note = tmp_path / "ports.json"
    assert ports.remembered(note) == ports.remembered(note)


def test_every_port_is_another():
    chosen = {ports.choose() for _ in range(5)}
    assert all(port not in range(32_768, 61_000) for port in chosen)


def test_a_new_name_gets_a_port_beside_the_remembered_ones(tmp_path):
    note = tmp_path / "ports.json"
    note.write_text('{"provider": 20001}')
    remembered = ports.remembered(note)
    assert (remembered["provider"], set(remembered)) == (20_001, set(ports.NAMES))


@pytest.mark.parametrize("text", ["{", "[]", '{"provider": "many"}'])
def test_an_unreadable_note_is_refused(tmp_path, text):
    note = tmp_path / "ports.json"
    note.write_text(text)
    with pytest.raises(RefusedError, match="delete it to choose new ports"):
        ports.remembered(note)


def test_a_port_of_a_stranger_is_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "PATIENCE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(RefusedError, match=f"port {port} of valkey is taken .* delete the line 'valkey'"):
            ports.demand({"valkey": port}, tmp_path / "ports.json")


def test_a_taken_port_of_the_portal_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "PATIENCE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as stranger, pytest.raises(RefusedError, match="choose another with PORT="):
        ports.demand({"web": stranger.getsockname()[1]}, tmp_path / "ports.json")
