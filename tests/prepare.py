"""Make ready what every test process uses: the compiled tests and the migrated template of their databases.

`make test` runs it beside the checks, which leave a processor idle; without it each process would do the same at once.
"""

import sys

import pytest
from pytest_django.plugin import blocking_manager_key


class Template:
    """Makes the template while the servers of the tests run."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Migrate it once everything is compiled."""
        from collections_app import scratch

        with session.config.stash[blocking_manager_key].unblock():
            scratch.migrated_template()


if __name__ == "__main__":
    sys.exit(pytest.main(["--collect-only", "-qq", "-p", "no:terminalreporter", *sys.argv[1:]], plugins=[Template()]))
