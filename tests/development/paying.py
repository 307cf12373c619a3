"""A development payment provider for tests: real HTTP on a free port, in a thread; delays are short.

with provider_running(tmp_path) as provider:
    provider.url, provider.secret                  # what settings.provider_url and provider_secret would say
    provider.journal()                             # every entry of the provider's own journal
# Tokens: tok_visa, tok_insufficient_funds, tok_timeout_after, … (runtime/development/provider/cards.py)
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec

from runtime.development.provider import ProviderPlan, provider_app
from runtime.development.provider.books import Entry
from runtime.engines.running import free_port
from tests.development.people import serving

PROVIDER_SECRET = "provider-secret-of-tests"


class RunningProvider:
    def __init__(self, plan: ProviderPlan) -> None:
        self.plan = plan
        self.url = plan.url
        self.secret = plan.secret

    def client(self) -> httpx.Client:
        """A client that shows the secret."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.secret}"})

    def journal(self) -> list[Entry]:
        """All that was ever authorised, declined, captured, voided or refunded, in order."""
        entries: list[Entry] = []
        with self.client() as http:
            while True:
                after = entries[-1].position if entries else 0
                answer = http.get("/v1/journal", params={"after": after, "limit": 1_000}).json()
                entries += msgspec.convert(answer["entries"], list[Entry])
                if not answer["has_more"]:
                    return entries


@contextmanager
def provider_running(
    folder: Path, *, port: int = 0, late_s: float = 0.2, stall_s: float = 0.4
) -> Generator[RunningProvider]:
    """A provider with its books in `folder`; start it there again, with its port, and it is the same provider."""
    port = port or free_port()
    plan = ProviderPlan(
        url=f"http://127.0.0.1:{port}",
        folder=folder / "provider",
        secret=PROVIDER_SECRET,
        late_s=late_s,
        stall_s=stall_s,
    )
    with serving(lambda: provider_app(plan), port):
        yield RunningProvider(plan)
