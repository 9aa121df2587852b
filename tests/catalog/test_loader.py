"""The loader: sound folders load, every kind of fault has its sentence and its place, one bad file takes no other down."""

import os
from pathlib import Path

import pytest

from app.catalog.loader import load
from tests.catalog.folders import BUNDLE, BUNDLE_FILE, CACHE_FILE, ITEM, ITEM_FILE, change, write


def test_a_sound_folder_has_no_faults(folder):
    catalog = load(folder)
    assert catalog.faults == ()
    assert (set(catalog.items), set(catalog.bundles)) == ({"postgres-database", "redis-cache"}, {"full-stack"})


def test_an_entry_knows_itself(folder):
    entry = load(folder).items["postgres-database"]
    assert (entry.kind, entry.name, entry.title, entry.version) == ("item", "postgres-database", "PostgreSQL Database", "2.1.0")
    assert (entry.category, entry.path, entry.tags) == ("databases", ITEM_FILE, ["database"])


def test_the_definition_has_every_default_and_the_document_none(folder):
    bundle = load(folder).bundles["full-stack"]
    assert "default_enabled" not in bundle.document["bundle"]["optional_items"][0]
    assert bundle.definition["bundle"]["optional_items"][0]["default_enabled"] is False


def test_as_is_always_in_the_definition(folder):
    change(folder, BUNDLE_FILE, "      as: redis\n", "")
    change(
        folder,
        BUNDLE_FILE,
        "items.redis.outputs.endpoint if items.redis.",
        "items.redis_cache.outputs.endpoint if items.redis_cache.",
    )
    catalog = load(folder)
    assert catalog.faults == ()
    assert catalog.bundles["full-stack"].definition["bundle"]["optional_items"][0]["as"] == "redis_cache"


def test_a_version_stays_text(folder):
    change(folder, CACHE_FILE, 'version: "1.1.0"', "version: 1.10")
    (fault,) = load(folder).faults
    assert "1.10" not in fault.message
    assert (fault.line, fault.column) == (2, 10)


def test_a_range_that_looks_like_a_number_is_text(folder):
    change(folder, BUNDLE_FILE, '">=1.0.0"', "1.1")
    catalog = load(folder)
    assert catalog.faults == ()
    assert catalog.bundles["full-stack"].document["bundle"]["optional_items"][0]["version"] == "1.1"


def test_a_default_that_looks_like_a_number_is_text_where_the_field_is(folder):
    change(folder, ITEM_FILE, "      required: true", "      default: 1.10")
    assert load(folder).items["postgres-database"].document["presentation"]["fields"][0]["default"] == "1.10"


def test_the_hash_looks_through_comments_and_key_order(folder):
    before = load(folder).items["redis-cache"].hash
    lines = (folder / CACHE_FILE).read_text().splitlines()
    write(folder, CACHE_FILE, "\n".join(["# a comment", lines[1], lines[0], *lines[2:]]))
    assert load(folder).items["redis-cache"].hash == before


def test_the_hash_sees_a_changed_module(folder):
    before = load(folder).items["postgres-database"].hash
    write(folder, "modules/postgres/main.tf", 'variable "name" { default = "x" }\n')
    assert load(folder).items["postgres-database"].hash != before


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(NotADirectoryError):
        load(tmp_path / "nowhere")


VERIFIED = "        verification: {type: terraform_state, required_outputs: ['{{ size }}']}\n        outputs:\n"
MADE_OF_CACHE = 'outputs: {cache: {value: "{{ items.redis.outputs.endpoint }}"}}\npresentation:'
FAULTS = [
    # file, what is there, what is written instead, line, column, message, remedy
    (ITEM_FILE, 'owner: "', 'ownr: "', 4, 1, "ownr is not known here", "did you mean owner?"),
    (ITEM_FILE, 'owner: "platform-data-team"\n', "", 1, 1, "owner is missing", "add it"),
    (ITEM_FILE, '["database"]', '["Data Base"]', 5, 8, "tags[0] must match", None),
    (ITEM_FILE, "      type: string", "      type: strng", 11, 13, "type must be one of", None),
    (ITEM_FILE, "      max_value: 10", "      max_valu: 10", 16, 7, "max_valu is not known here", "did you mean max_value?"),
    (ITEM_FILE, "default: 2", "default: 11", 17, 16, "the default of size must be at most 10", None),
    (
        ITEM_FILE,
        "{type: boolean, default: false}",
        "{type: boolean, default: 3}",
        7,
        38,
        "the default of multi_az must be",
        None,
    ),
    (ITEM_FILE, "- name: size", "- name: database_name", 13, 7, "there are two fields database_name", "rename one of them"),
    (ITEM_FILE, "  multi_az:", "  size:", 13, 7, "size is an input as well", None),
    (ITEM_FILE, "  multi_az:", "  bundle:", 7, 11, "the name bundle means something else", "rename it"),
    (ITEM_FILE, "type: TerraformFile", "type: TeraformFile", 25, 15, "type must be a step type", "did you mean TerraformFile?"),
    (ITEM_FILE, "- name: announce", "- name: provision_postgres", 31, 9, "there are two steps provision_postgres", None),
    (ITEM_FILE, "variables: {name", "varables: {name", 28, 11, "varables is not known here", "did you mean variables?"),
    (ITEM_FILE, "url: https://announce", "url: announce", 34, 16, "url must match", None),
    (ITEM_FILE, '"{{ database_name }}"}', '"{{ database_name "}', 28, 29, "cannot be read", None),
    (ITEM_FILE, '"{{ database_name }}"}', '"{{ database_name | uper }}"}', 28, 29, "there is no filter 'uper'", None),
    (
        ITEM_FILE,
        '"{{ database_name }}"}',
        '"{{ databse_name }}"}',
        28,
        29,
        "databse_name is unknown",
        "did you mean database_name?",
    ),
    (ITEM_FILE, "{{ database_name }}", "{{ parameters.nam }}", 21, 49, "parameters.nam is unknown", None),
    (ITEM_FILE, "{{ database_name }}", "{{ requester.nam }}", 21, 49, "there is no nam in requester", None),
    (ITEM_FILE, "{{ database_name }}", "{{ secrets.token }}", 21, 49, "secrets.token is unknown", None),
    (ITEM_FILE, '"{{ database_name }}"}', '"{{ secrets }}"}', 28, 29, "all secrets at once", "write secrets.<name>"),
    (
        ITEM_FILE,
        '"{{ database_name }}"}',
        '"{{ bundle.name }}"}',
        28,
        29,
        "bundle.name is unknown",
        "an item never sees its bundle",
    ),
    (
        ITEM_FILE,
        '"{{ database_name }}"}',
        '"{{ items.redis.selected }}"}',
        28,
        29,
        "items.redis.selected is unknown",
        "declare an input",
    ),
    (
        ITEM_FILE,
        'outputs.address }}"\noutputs',
        'outputs.adress }}"\noutputs',
        35,
        17,
        "there is no adress in",
        "did you mean address?",
    ),
    (
        ITEM_FILE,
        'value: "{{ steps.provision_',
        'value: "{{ steps.prvision_',
        37,
        20,
        "there is no prvision_postgres in steps",
        None,
    ),
    (
        ITEM_FILE,
        "        type: HttpPost",
        "        type: HttpPost\n        depends_on: [provision]",
        33,
        22,
        "there is no step provision",
        None,
    ),
    (
        ITEM_FILE,
        "        type: HttpPost",
        "        type: HttpPost\n        depends_on: [announce]",
        31,
        9,
        "announce waits for itself",
        None,
    ),
    (ITEM_FILE, "./modules/postgres", "./modules/mysql", 27, 26, "./modules/mysql does not exist", None),
    (ITEM_FILE, "./modules/postgres", "../modules/postgres", 27, 26, "leaves the repository", "write ./modules/<name>"),
    (ITEM_FILE, "./modules/postgres", "git::https://git.example.com/db", 27, 26, "is not a folder of this repository", None),
    (ITEM_FILE, "./modules/postgres", '"./modules/{{ size }}"', 27, 26, "is pinned when the catalog loads", None),
    (ITEM_FILE, "    system: internal\n", "", 19, 3, "system is missing", None),
    (ITEM_FILE, "system: internal", "system: pager", 20, 13, "system must be", None),
    (
        ITEM_FILE,
        "  automation:\n",
        "  automation:\n    timeout: 5 minutes\n",
        23,
        14,
        "timeout must be a whole number and a unit",
        None,
    ),
    (
        ITEM_FILE,
        "  automation:\n",
        "  automation:\n    retry_policy: {max_attempts: 0}\n",
        23,
        34,
        "max_attempts must be at least 1",
        None,
    ),
    (
        ITEM_FILE,
        "        outputs:\n",
        "        verification: {type: http_status}\n        outputs:\n",
        29,
        30,
        "does not verify",
        None,
    ),
    (
        ITEM_FILE,
        "        outputs:\n",
        "        errors: [{match: '(', error_code: A, advice: B}]\n        outputs:\n",
        29,
        26,
        "RE2",
        None,
    ),
    (ITEM_FILE, "tags:", "service: {}\ntags:", 5, 1, "service is part of the catalog format, but", "take it away"),
    (
        ITEM_FILE,
        "tags:",
        "cost: {lines: [{label: A, price: 1, each: sise}]}\ntags:",
        5,
        43,
        "there is no field sise",
        "did you mean size?",
    ),
    (ITEM_FILE, "tags:", "cost: {lines: [{label: A}]}\ntags:", 5, 16, "must have either price, or by and prices", None),
    (ITEM_FILE, "tags:", "approval: [{by: {}}]\ntags:", 5, 17, "must have either team or role", "name one of them"),
    (ITEM_FILE, "tags:", "approval: [{by: {role: boss}}]\ntags:", 5, 24, "role must be", None),
    (ITEM_FILE, "tags:", "approval: [{by: {team: a}, when: sise > 1}]\ntags:", 5, 34, "sise", "did you mean size?"),
    (ITEM_FILE, "tags:", "approval: [{by: {team: a}, remind: 4d}]\ntags:", 5, 12, "reminds when the time is over", "of 3d"),
    (ITEM_FILE, "tags:", "approval: [{by: {team: a}, escalate_to: {team: a}}]\ntags:", 5, 12, "those who were asked", None),
    (
        ITEM_FILE,
        "tags:",
        "approval: [{by: {team: a}, on_timeout: reject, escalate_to: {team: b}}]\ntags:",
        5,
        12,
        "escalates to somebody though it is rejected",
        None,
    ),
    (
        BUNDLE_FILE,
        "catalog_item: redis-cache",
        "catalog_item: redis-cash",
        13,
        21,
        "redis-cash is no item",
        "did you mean redis-cache?",
    ),
    (BUNDLE_FILE, "catalog_item: redis-cache", "catalog_item: full-stack", 13, 21, "full-stack is a bundle", None),
    (BUNDLE_FILE, '">=1.0.0"', '">=2.0.0"', 14, 16, "no version of redis-cache fits >=2.0.0", "there is 1.1.0"),
    (BUNDLE_FILE, '">=1.0.0"', '"new"', 14, 16, "version must", None),
    (BUNDLE_FILE, "as: redis", "as: postgres", 15, 7, "there are two items called postgres", None),
    (BUNDLE_FILE, "as: redis", "as: bundle", 15, 7, "bundle is the name of the bundle's own outputs", None),
    (
        BUNDLE_FILE,
        "{multi_az:",
        "{mutli_az:",
        11,
        20,
        "postgres-database has no input or field mutli_az",
        "did you mean multi_az?",
    ),
    (BUNDLE_FILE, '{multi_az: "{{ bundle.enable_ha }}"}', "{size: 99}", 11, 26, "size must be at most 10", None),
    (BUNDLE_FILE, "bundle.enable_ha", "bundle.enable_hs", 11, 30, "there is no enable_hs in bundle", "did you mean enable_ha?"),
    (BUNDLE_FILE, "bundle.enable_ha", "enable_ha", 11, 30, "enable_ha is unknown", "write bundle.enable_ha"),
    (BUNDLE_FILE, "outputs.address", "outputs.adress", 31, 23, "there is no adress in items.postgres.outputs", None),
    (
        BUNDLE_FILE,
        "items.postgres.outputs",
        "items.postgre.outputs",
        31,
        23,
        "there is no postgre in items",
        "did you mean postgres?",
    ),
    (
        BUNDLE_FILE,
        " if items.redis.selected else none",
        "",
        32,
        20,
        "is not there when an order leaves redis out",
        "items.redis.selected",
    ),
    (
        BUNDLE_FILE,
        "depends_on: [postgres]",
        "depends_on: [postgress]",
        27,
        22,
        "there is no step postgress",
        "did you mean postgres?",
    ),
    (BUNDLE_FILE, "      as: redis", "      as: redis\n      depends_on: [redis]", 13, 7, "redis waits for itself", None),
    (
        BUNDLE_FILE,
        "      as: redis",
        "      as: redis\n      depends_on: [redos]",
        16,
        20,
        "there is no item redos",
        "did you mean redis?",
    ),
    (
        BUNDLE_FILE,
        '  manual:\n    system: internal\n    template: {title: "Connect", instructions: "Connect them"}\n',
        "",
        19,
        1,
        "manual is missing",
        "say how a person does it",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "line", "column", "message", "remedy"), FAULTS)
def test_a_fault_names_its_place_and_its_remedy(folder, file, old, new, line, column, message, remedy):
    change(folder, file, old, new)
    faults = load(folder).faults
    found = [fault for fault in faults if message in fault.message]
    assert len(found) == 1, [str(fault) for fault in faults]
    assert (found[0].path, found[0].line, found[0].column) == (file, line, column)
    assert (remedy or "") in found[0].remedy


def test_a_fault_reads_as_one_line(folder):
    change(folder, CACHE_FILE, "owner:", "ownr:")
    missing, unknown = load(folder).faults
    assert str(missing) == "databases/redis-cache.yaml:1:1: owner is missing; add it"
    assert str(unknown) == "databases/redis-cache.yaml:4:1: ownr is not known here; did you mean owner?"


def test_of_two_steps_with_one_name_only_the_name_is_a_fault(folder):
    change(folder, ITEM_FILE, "- name: announce", "- name: provision_postgres")
    assert [fault.message for fault in load(folder).faults] == ["there are two steps provision_postgres"]


def test_every_fault_of_every_file_is_told_at_once(folder):
    change(folder, ITEM_FILE, "type: TerraformFile", "type: Terra")
    change(folder, ITEM_FILE, "default: 2", "default: 11")
    change(folder, CACHE_FILE, "description:", "descripton:")
    change(folder, BUNDLE_FILE, "outputs.address", "outputs.adress")
    assert [fault.path for fault in load(folder).faults] == [BUNDLE_FILE, ITEM_FILE, ITEM_FILE, CACHE_FILE, CACHE_FILE]


def test_a_cycle_is_told_besides_a_misspelt_key(folder):
    change(
        folder,
        ITEM_FILE,
        "        type: HttpPost",
        "        type: HttpPost\n        depends_on: [announce]\n        retries: 3",
    )
    assert [fault.message.split()[0] for fault in load(folder).faults] == ["announce", "retries"]


def test_a_longer_cycle_names_the_way_round(folder):
    change(folder, ITEM_FILE, "        type: TerraformFile", "        type: TerraformFile\n        depends_on: [announce]")
    (fault,) = load(folder).faults
    assert fault.message == "announce waits for itself: announce -> provision_postgres -> announce"


def test_one_bad_file_takes_no_other_down(folder):
    write(folder, CACHE_FILE, "name: [")
    catalog = load(folder)
    assert (set(catalog.items), set(catalog.bundles), catalog.faulty) == (
        {"postgres-database"},
        {"full-stack"},
        {"redis-cache"},
    )


def test_a_bundle_is_not_blamed_for_the_fault_of_its_item(folder):
    change(folder, ITEM_FILE, "owner:", "ownr:")
    catalog = load(folder)
    assert {fault.entry for fault in catalog.faults} == {"postgres-database"}
    assert set(catalog.bundles) == {"full-stack"}


def test_the_same_stem_twice_is_a_fault_of_both(folder):
    write(folder, "other/redis-cache.yaml", ITEM)
    catalog = load(folder)
    twice = [fault.path for fault in catalog.faults if "as well" in fault.message]
    assert twice == [CACHE_FILE, "other/redis-cache.yaml"]
    assert "redis-cache" not in catalog.items


def test_a_bundle_may_ask_for_a_version_that_was_synced_before(folder):
    change(folder, BUNDLE_FILE, '">=1.0.0"', '"<1.0.0"')
    before = load(folder).items
    assert len(load(folder).faults) == 1
    old = {"redis-cache": {"0.9.0": before["redis-cache"].definition}}
    assert load(folder, known=old).faults == ()


def test_a_name_that_cannot_be_an_identity_is_a_fault(folder):
    write(folder, "databases/Redis_Cache.yaml", (folder / CACHE_FILE).read_text())
    (fault,) = load(folder).faults
    assert "Redis_Cache cannot be the name of an entry" in fault.message


def test_a_file_outside_a_category_is_a_fault(folder):
    write(folder, "others.yaml", "default: {databases: 3}")
    (fault,) = load(folder).faults
    assert (fault.path, fault.message) == ("others.yaml", "is in no category")


def test_a_folder_that_cannot_be_a_category_is_a_fault(folder):
    write(folder, "Data Bases/redis.yaml", (folder / CACHE_FILE).read_text())
    assert [fault.message for fault in load(folder).faults] == ["is in no category"]


def test_text_that_cannot_be_stored_is_not_quoted(folder):
    write(folder, CACHE_FILE, '"own\\0er": 1\n"\\ud800": 2\n')
    for fault in load(folder).faults:
        assert "\0" not in str(fault)
        str(fault).encode()


def test_a_name_that_is_no_text_is_a_fault(folder):
    odd = os.fsencode(folder) + b"/databases/\xff.yaml"
    Path(os.fsdecode(odd)).write_text((folder / CACHE_FILE).read_text())
    (fault,) = load(folder).faults
    assert str(fault).encode()


def test_a_source_that_is_too_long_is_a_fault(folder):
    change(folder, ITEM_FILE, "./modules/postgres", "./" + "x" * 300)
    assert "cannot be read" in load(folder).faults[0].message


def test_a_symbolic_link_is_a_fault(folder, tmp_path):
    (folder / "databases/linked.yaml").symlink_to(write(tmp_path, "outside.yaml", ITEM))
    assert [fault.message for fault in load(folder).faults] == ["is a symbolic link or no plain file"]


def test_modules_and_hidden_folders_hold_no_entries(folder):
    write(folder, "modules/postgres/values.yaml", "x: 1")
    write(folder, ".github/workflows/check.yaml", "x: 1")
    assert load(folder).faults == ()


def test_a_document_that_is_a_list_is_a_fault(folder):
    write(folder, CACHE_FILE, "- a\n- b\n")
    assert [fault.message for fault in load(folder).faults] == ["is not a mapping of keys"]


def test_an_empty_bundle_says_what_is_missing(folder):
    write(folder, BUNDLE_FILE, BUNDLE.split("bundle:")[0])
    (fault,) = load(folder).faults
    assert fault.message == "bundle is missing"


def test_a_choice_that_loses_a_digit_is_a_fault(folder):
    change(folder, ITEM_FILE, "type: string", "type: selection\n      oneof: [1.30, 1.31]")
    (fault,) = load(folder).faults
    assert fault.message == "the choice 1.30 is read as the number 1.3"


def test_a_step_without_an_outlet_is_guarded_by_its_when(folder):
    change(folder, BUNDLE_FILE, " if items.redis.selected else none", "")
    change(folder, BUNDLE_FILE, "        depends_on: [postgres]", "        when: items.redis.selected")
    assert load(folder).faults == ()


def test_a_when_that_says_the_opposite_guards_nothing(folder):
    change(folder, BUNDLE_FILE, " if items.redis.selected else none", "")
    change(folder, BUNDLE_FILE, "        depends_on: [postgres]", "        when: not items.redis.selected")
    assert len(load(folder).faults) == 1


def test_an_input_that_must_be_given_is_a_fault_of_the_bundle_that_does_not(folder):
    change(folder, ITEM_FILE, "{type: boolean, default: false}", "{type: boolean, required: true}")
    change(folder, BUNDLE_FILE, '      parameters: {multi_az: "{{ bundle.enable_ha }}"}\n', "")
    (fault,) = load(folder).faults
    assert (fault.path, fault.message) == (BUNDLE_FILE, "postgres-database needs the input multi_az")


def test_a_price_for_every_choice(folder):
    change(folder, ITEM_FILE, "type: string", "type: selection\n      oneof: [small, large]")
    change(folder, ITEM_FILE, "tags:", "cost: {lines: [{label: A, by: database_name, prices: {small: 1}}]}\ntags:")
    (fault,) = load(folder).faults
    assert fault.message == "there is no price for large"


TASK = """\
      - name: look
        type: ManualTask
        template:
          instructions: "Look at {{ database_name }}"
          due: 2d
          answers: [{name: rack, type: string}]
        outputs: {port: {type: integer}}
outputs:
  rack: {value: "{{ steps.look.outputs.rack }}:{{ steps.look.outputs.port }}"}
"""


def test_what_a_person_is_asked_can_be_referred_to(folder):
    write(folder, ITEM_FILE, ITEM.split("outputs:\n  address: {value")[0] + TASK)
    assert [fault for fault in load(folder).faults if fault.path == ITEM_FILE] == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("due: 2d", "due: soon", "due must be a whole number and a unit"),
        ("name: rack, type: string", "name: rack, type: strng", "type must be one of"),
        ("name: rack, type: string", "name: rack, type: integer, default: x", "default must be"),
        ("name: rack, type", "name: port, type", "port is among the answers as well"),
    ],
)
def test_what_a_person_is_asked_is_checked(folder, old, new, message):
    write(folder, ITEM_FILE, ITEM.split("outputs:\n  address: {value")[0] + TASK)
    change(folder, ITEM_FILE, old, new)
    assert message in " ".join(fault.message for fault in load(folder).faults)
