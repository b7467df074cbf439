"""A hook of mkdocs: pages that lie beside docs/ belong to the site too, and links between them hold.

README.md becomes the first page. Whatever a page links to in the repository, a page or a file, comes along
under its own path; links are written anew where a page lies elsewhere on the site. A link to nothing is left
alone, so that the strict build names it.
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
    """Add what the pages link to, and what that links to."""
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
    """The page, with its links as they are on the site."""
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
    """Where a file of the repository stands on the site."""
    return "index.md" if path == FIRST else path.removeprefix("docs/")


def repository_path(here: str, link: str) -> str | None:
    """The file that a link on page ``here`` leads to; None where it leads to none of ours."""
    parts = urlsplit(link)
    if parts.scheme or not parts.path or parts.path.startswith("/"):
        return None
    target = normpath(PurePosixPath(here).parent / parts.path)
    return target if not target.startswith("..") and (ROOT / target).is_file() else None
