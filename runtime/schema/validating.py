"""Whether a document is AsyncAPI, by AsyncAPI's own parser."""

import subprocess
from pathlib import Path

PARSER = Path("router") / "asyncapi" / "validate.js"
PATIENCE_S = 60


class DocumentInvalid(Exception):
    """It is no AsyncAPI document, or the parser cannot run; the text is the parser's, one line for each fault."""


def validate(root: Path, document: str, node: str = "node") -> None:
    """Raises DocumentInvalid."""
    command = [node, str(root / PARSER)]
    try:
        run = subprocess.run(command, input=document, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except OSError as error:
        raise DocumentInvalid(f"{node} cannot be started: {error.strerror}.") from error
    if run.returncode:
        raise DocumentInvalid(run.stderr.strip() or "AsyncAPI's parser failed without a word.")
