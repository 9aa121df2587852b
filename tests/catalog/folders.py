"""A small sound catalog in a folder, to be broken by one test at a time."""

from pathlib import Path

ITEM = """\
name: "PostgreSQL Database"
version: "2.1.0"
description: "PostgreSQL database instance"
owner: "platform-data-team"
tags: ["database"]
inputs:
  multi_az: {type: boolean, default: false}
presentation:
  fields:
    - name: database_name
      type: string
      required: true
    - name: size
      type: integer
      min_value: 1
      max_value: 10
      default: 2
fulfillment:
  manual:
    system: internal
    template: {title: "Database", instructions: "Create {{ database_name }}"}
  automation:
    steps:
      - name: provision_postgres
        type: TerraformFile
        template:
          module_source: ./modules/postgres
          variables: {name: "{{ database_name }}"}
        outputs:
          address: {type: string}
      - name: announce
        type: HttpPost
        template:
          url: https://announce.example.com
          body: "{{ steps.provision_postgres.outputs.address }}"
outputs:
  address: {value: "{{ steps.provision_postgres.outputs.address }}"}
"""
CACHE = """\
name: "Redis Cache"
version: "1.1.0"
description: "In-memory cache"
owner: "platform-data-team"
fulfillment:
  manual:
    system: internal
    template: {title: "Cache", instructions: "Create it"}
outputs:
  endpoint: {value: "cache.example.com:6379"}
"""
BUNDLE = """\
name: "Full Stack"
version: "1.0.0"
description: "A database and a cache"
owner: "platform-solutions-team"
tags: ["web-app"]
bundle:
  required_items:
    - catalog_item: postgres-database
      version: ">=2.0.0"
      as: postgres
      parameters: {multi_az: "{{ bundle.enable_ha }}"}
  optional_items:
    - catalog_item: redis-cache
      version: ">=1.0.0"
      as: redis
presentation:
  bundle_fields:
    - {name: enable_ha, type: boolean, default: false}
fulfillment:
  manual:
    system: internal
    template: {title: "Connect", instructions: "Connect them"}
  automation:
    steps:
      - name: connect
        type: HttpPost
        depends_on: [postgres]
        template:
          url: https://connect.example.com
          body:
            database: "{{ items.postgres.outputs.address }}"
            cache: "{{ items.redis.outputs.endpoint if items.redis.selected else none }}"
"""
STEP = "        type: HttpPost\n"
AUTOMATION = "  automation:\n    steps:\n"
ITEM_CHECKS = """\
  preflight:
    - {name: small_enough, type: expression, when: size <= 8, message: "{{ size }} is too much for now."}
    - name: vault_answers
      type: http
      url: https://vault.example.com/v1/sys/health
      headers: {X-Vault-Token: "{{ secrets.vault }}"}
      status: [200, 429]
      within: 1m
      every: 5s
    - {name: registry, type: tcp, host: registry.example.com, port: 443}
    - {name: name_is_known, type: dns, host: "{{ database_name }}.example.com"}
  health_checks:
    - {name: listens, type: tcp, host: "{{ steps.provision_postgres.outputs.address }}", port: 5432, within: 10m}
  rollback: {on: failure}
"""
BUNDLE_CHECKS = """\
  preflight:
    - {name: affordable, type: expression, when: not bundle.enable_ha or items.redis.selected}
  health_checks:
    - {name: whole, type: http, url: "https://{{ items.postgres.outputs.address }}/{{ bundle.enable_ha }}"}
"""
BACK = """\
        rollback:
          type: HttpPost
          template:
            url: "https://announce.example.com/{{ steps.announce.outputs.id }}"
            body: "{{ steps.provision_postgres.outputs.address }}"
        outputs:
          id: {type: string}
"""
ITEM_FILE = "databases/postgres-database.yaml"
CACHE_FILE = "databases/redis-cache.yaml"
BUNDLE_FILE = "bundles/full-stack.yaml"


def write(root: Path, name: str, text: str | bytes) -> Path:
    """A file below `root`, its folders made."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def sound(root: Path) -> Path:
    """The small catalog in `root`."""
    write(root, ITEM_FILE, ITEM)
    write(root, CACHE_FILE, CACHE)
    write(root, BUNDLE_FILE, BUNDLE)
    write(root, "modules/postgres/main.tf", 'variable "name" {}\n')
    return root


def change(root: Path, name: str, old: str, new: str) -> None:
    """Replace `old`, which must be there, by `new` in one file."""
    text = (root / name).read_text()
    assert old in text
    write(root, name, text.replace(old, new, 1))


def with_checks(folder: Path) -> Path:
    """The small catalog in `folder`, with checks, a rollback and a limit."""
    change(folder, ITEM_FILE, AUTOMATION, ITEM_CHECKS + AUTOMATION)
    change(folder, ITEM_FILE, STEP, STEP + BACK)
    change(folder, ITEM_FILE, "presentation:\n", "limits: {concurrent: 2}\npresentation:\n")
    change(folder, BUNDLE_FILE, AUTOMATION, BUNDLE_CHECKS + AUTOMATION)
    return folder
