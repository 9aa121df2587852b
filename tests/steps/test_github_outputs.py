"""Reading `outputs.json` out of an archive that somebody else made."""

import io
import json
import warnings
import zipfile

import pytest

from app.steps.github_outputs import UnreadableOutputsError, read_outputs


def packed(files):
    """A zip archive of `files`: pairs, or a mapping, of name and text."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name twice is what one test is about
        for name, text in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, text)
    return content.getvalue()


def encrypted():
    """An archive that says of its member that it is encrypted (bit 0 of the flags, in both headers)."""
    content = bytearray(packed({"outputs.json": "{}"}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def test_the_outputs_are_those_of_the_one_member():
    assert read_outputs(packed({"outputs.json": json.dumps({"url": "x", "n": 1}), "log.txt": "…"})) == {"url": "x", "n": 1}


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"no zip", "no readable zip"),
        (packed({"outputs.json": "{}"})[:-30], "no readable zip"),
        (encrypted(), "no readable zip"),
        (packed({"other.json": "{}"}), "0 files called"),
        (packed({"../outputs.json": "{}"}), "0 files called"),
        (packed({"/etc/outputs.json": "{}"}), "0 files called"),
        (packed([("outputs.json", "{}"), ("outputs.json", "{}")]), "2 files called"),
        (packed({"outputs.json": "{"}), "no JSON"),
        (packed({"outputs.json": '{"n": Infinity}'}), "no JSON"),
        (packed({"outputs.json": "[1]"}), "must hold a JSON object"),
        (packed({"outputs.json": " " * 50_000_000}), "larger than"),
        (packed({f"{number}.txt": "" for number in range(200)}), "holds 200 files"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_that_does_not_hold_what_was_agreed_is_refused(archive, reason):
    with pytest.raises(UnreadableOutputsError, match=reason):
        read_outputs(archive)
