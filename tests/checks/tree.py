"""The files under version control, or all of them where there is none."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

UNTRACKED_FOLDERS = frozenset({".git", ".venv", ".data", "node_modules", "__pycache__", ".ruff_cache", ".pytest_cache"})


def files(root: Path, *suffixes: str) -> Iterator[Path]:
    """Paths of text that people wrote, below root."""
    for path in listed(root):
        if path.is_file() and (not suffixes or path.suffix in suffixes):
            yield path


def listed(root: Path) -> Iterator[Path]:
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(git, capture_output=True, check=False)
    if done.returncode == 0:
        yield from (root / name for name in done.stdout.decode().split("\0") if name)
    else:
        yield from (path for path in root.rglob("*") if not UNTRACKED_FOLDERS & set(path.relative_to(root).parts))
