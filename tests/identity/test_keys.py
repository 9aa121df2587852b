"""The provider's keys are asked for once an hour, once more for a key id never seen, and never in a storm."""

import pytest
from joserfc.jwk import RSAKey

from app.errors import Unavailable
from app.identity.keys import KeyRing

ONE, TWO = (RSAKey.generate_key(2048, {"kid": kid}).as_dict(private=False) for kid in ("one", "two"))


class Provider:
    """A provider's JWKS endpoint and a clock, both told what to do."""

    def __init__(self, *keys):
        self.keys, self.asked, self.now, self.silent = list(keys), 0, 1000.0, False
        self.ring = KeyRing(self.fetch, lambda: self.now)

    def fetch(self):
        self.asked += 1
        if self.silent:
            raise Unavailable("no answer")
        return {"keys": self.keys}


def kids(keys):
    return [key.get("kid") for key in keys]


def test_keys_are_asked_for_once_in_an_hour():
    provider = Provider(ONE)
    for _ in range(3):
        provider.now += 1000
        assert kids(provider.ring.candidates("one")) == ["one"]
    assert provider.asked == 1


def test_after_an_hour_they_are_asked_for_again():
    provider = Provider(ONE)
    provider.ring.candidates("one")
    provider.now, provider.keys = provider.now + 3600, [TWO]
    assert kids(provider.ring.candidates("one")) == []


def test_a_rotated_key_is_found_at_once():
    provider = Provider(ONE)
    provider.ring.candidates("one")
    provider.now, provider.keys = provider.now + 31, [ONE, TWO]
    assert kids(provider.ring.candidates("two")) == ["two"]


def test_made_up_key_ids_cost_the_provider_one_call_in_thirty_seconds():
    provider = Provider(ONE)
    for number in range(50):
        provider.now += 1
        assert provider.ring.candidates(f"made-up-{number}") == []
    assert provider.asked == 2


def test_a_silent_provider_is_no_hindrance_while_the_keys_are_young():
    provider = Provider(ONE)
    provider.ring.candidates("one")
    provider.now, provider.silent = provider.now + 3000, True
    assert provider.ring.candidates("unknown") == []
    assert kids(provider.ring.candidates("one")) == ["one"]


def test_old_keys_are_not_used_while_the_provider_is_silent():
    provider = Provider(ONE)
    provider.ring.candidates("one")
    provider.now, provider.silent = provider.now + 3600, True
    with pytest.raises(Unavailable):
        provider.ring.candidates("one")


def test_a_silent_provider_is_not_asked_in_a_storm():
    provider = Provider(ONE)
    provider.silent = True
    for _ in range(10):
        with pytest.raises(Unavailable):
            provider.ring.candidates("one")
    assert provider.asked == 1


def test_keys_without_an_id_fit_every_token():
    bare = {name: value for name, value in ONE.items() if name != "kid"}
    assert len(Provider(bare).ring.candidates("anything")) == 1


@pytest.mark.parametrize("odd", [7, {}, {"kty": "new"}, {"kty": "RSA"}, {"kty": "oct", "k": "AAAA"}, {**ONE, "use": "enc"}])
def test_a_key_that_is_not_understood_does_not_hide_the_others(odd):
    assert kids(Provider(odd, TWO).ring.candidates(None)) == ["two"]


def test_an_answer_that_is_no_key_set_is_try_again():
    with pytest.raises(Unavailable, match="cannot be read"):
        KeyRing(lambda: {"error": "no"}).candidates("one")
