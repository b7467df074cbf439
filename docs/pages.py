"""A hook of mkdocs: adds pages outside docs/ to the site, and keeps the links between pages.

README.md becomes the first page. Every page or file of the repository that a page links to is added under its
own path, and links are rewritten where a page has another path on the site. A link to nothing is left
unchanged, so that the strict build reports it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
FIRST = "README.md"
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def on_files(files: Files, *, config: MkDocsConfig, **_: object) -> Files:
    """Add the files that pages link to, directly or through other pages."""
    waiting = [FIRST, *(f"docs/{file.src_uri}" for file in files.documentation_pages())]
    seen = set(waiting)
    while waiting:
        path = waiting.pop()
        uri = site_uri(path)
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
        if path.endswith(".md"):
            text = (ROOT / path).read_text(encoding="utf-8")
            found = {target for _, link, _ in _LINK.findall(text) if (target := repository_path(path, link))}
            waiting += found - seen
            seen |= found
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """The page, with links as on the site."""
    here = Path(page.file.abs_src_path).relative_to(ROOT).as_posix()
    base = str(PurePosixPath(site_uri(here)).parent)

    def rewritten(found: re.Match[str]) -> str:
        target = repository_path(here, found[2])
        if target is None:
            return found[0]
        fragment = f"#{urlsplit(found[2]).fragment}" if "#" in found[2] else ""
        return f"{found[1]}{relpath(site_uri(target), base)}{fragment}{found[3]}"

    return _LINK.sub(rewritten, markdown)


def site_uri(path: str) -> str:
    """The path of a file of the repository on the site."""
    return "index.md" if path == FIRST else path.removeprefix("docs/")


def repository_path(here: str, link: str) -> str | None:
    """The file of the repository that a link on the page ``here`` leads to; None for other links."""
    parts = urlsplit(link)
    if parts.scheme or not parts.path or parts.path.startswith("/"):
        return None
    target = normpath(PurePosixPath(here).parent / parts.path)
    return target if not target.startswith("..") and (ROOT / target).is_file() else None
