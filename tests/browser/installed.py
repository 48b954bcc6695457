"""Which browser the tests have. Apart from the rest, so that other tests need not load Playwright."""

import os
import shutil

CHROMIUM = "HEED_TEST_CHROMIUM"


def chromium() -> str | None:
    """Where it is, or None. `HEED_TEST_CHROMIUM` names another one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get(CHROMIUM) or next(filter(None, map(shutil.which, names)), None)
