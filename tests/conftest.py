"""Which plugins every test can use. Each tells its own fixtures."""

pytest_plugins = [
    "tests.fixtures.servers",
    "tests.fixtures.sharing",
    "tests.fixtures.application",
    "tests.fixtures.house",
    "tests.fixtures.people",
    "tests.fixtures.catalog",
    "tests.fixtures.running",
    "tests.fixtures.served",
    "tests.fixtures.bucket",
    "tests.fixtures.browser",
]
