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
