"""An OpenSearch node in a folder, reached by HTTP on the loopback only."""

import http.client
import json
import signal
from dataclasses import dataclass
from pathlib import Path

from runtime.engines.jars import ASKED_FOR, SHORT_LIVED, jars_of, java_program
from runtime.engines.programs import tethered

LAUNCHER = ASKED_FOR / "opensearch" / "RunOpenSearch.java"
HEAP = "512m"
_ANSWER_WITHIN_S = 1.0


@dataclass(frozen=True, kw_only=True)
class OpenSearchNode:
    """Where a node lives and how it is reached. Nothing is touched before `prepare`. It minds no root."""

    folder: Path
    port: int
    transport_port: int
    host: str = "127.0.0.1"
    java: str = "java"
    short_lived: bool = False

    @property
    def url(self) -> str:
        """As SEARCH_URL names it."""
        return f"opensearch://{self.host}:{self.port}"

    def prepare(self) -> None:
        """Make the folder; the node fills it."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        """The node in the foreground; SIGTERM stops it in good order, and it gets one when the caller dies."""
        place = [str(self.folder.resolve()), self.host, str(self.port), str(self.transport_port)]
        haste = SHORT_LIVED if self.short_lived else ()
        java = [java_program(self.java), *haste, f"-Xmx{HEAP}", "-cp", f"{jars_of('opensearch')}/*"]
        return tethered([*java, str(LAUNCHER), *place], signal.SIGTERM)

    def accepts(self) -> bool:
        """Whether its cluster has a leader and every index its shards; within a second."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_ANSWER_WITHIN_S)
        try:
            connection.request("GET", "/_cluster/health")
            return json.loads(connection.getresponse().read()).get("status") in {"green", "yellow"}
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            connection.close()
