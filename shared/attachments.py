"""Files that go with what people say: what they may be called, what they are, and which are too dangerous to open."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Final, get_args

from shared.sniffing import FileKind, media_type_of

LONGEST_NAME: Final = 200
BYTES: Final = "application/octet-stream"
_KINDS: Final[Collection[FileKind]] = get_args(FileKind)
# What a double click runs, on one system or another, or what opens such a thing.
_RUNS: Final = frozenset(
    {
        *("ade", "adp", "apk", "app", "appx", "bat", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "ins"),
        *("iso", "img", "isp", "jar", "js", "jse", "lib", "lnk", "mde", "msc", "msi", "msix", "msp", "mst", "nsh"),
        *("pif", "ps1", "ps2", "psc1", "reg", "scf", "scr", "sct", "sh", "shb", "sys", "url", "vb", "vbe", "vbs"),
        *("vhd", "vxd", "wsc", "wsf", "wsh", "html", "htm", "xhtml", "shtml", "svg", "docm", "xlsm", "pptm"),
    }
)
# PE, ELF, Mach-O and scripts, whatever they are called.
_PROGRAMS: Final = re.compile(rb"MZ|\x7fELF|\xcf\xfa\xed\xfe|\xce\xfa\xed\xfe|\xca\xfe\xba\xbe|#!")
# Pages and drawings with scripts. Other XML may be an invoice.
_PAGES: Final = re.compile(rb"(\xef\xbb\xbf)?\s*<(!doctype\s+html|html|head|body|script|svg)\b", re.IGNORECASE)


def plain_name(name: str) -> str:
    """A file's name as it may be shown: no path, nothing invisible."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in last if character.isprintable())[:LONGEST_NAME] or "file"


def type_of(content: bytes, name: str) -> str:
    """What the bytes say it is; `BYTES` for what cannot be told, and for what a browser would draw as a page."""
    return media_type_of(content, name, _KINDS) or BYTES


def is_dangerous(name: str, content: bytes) -> bool:
    """Whether opening it runs something, going by its name and its first bytes."""
    suffixes = {suffix.lstrip(".").strip().lower() for suffix in PurePosixPath(name.rstrip(". ")).suffixes[-1:]}
    return bool(suffixes & _RUNS or _PROGRAMS.match(content) or _PAGES.match(content))
