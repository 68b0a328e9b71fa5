"""Count texts of the templates that have no German translation."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main():
    known = set(re.findall(r'msgid "(.+)"', (ROOT / "locale/de/LC_MESSAGES/django.po").read_text("utf-8")))
    pages = list(ROOT.glob("*/templates/**/*.html"))
    used = {text for page in pages for text in re.findall(r'{% translate "(.+?)" %}', page.read_text("utf-8"))}
    sys.stdout.write(f"Templates: {len(pages)}\nMissing translations: {len(used - known)}\n")


if __name__ == "__main__":
    main()
