"""Who does the work: one process for all domains, or with SPLIT=1 one to serve and one to work for each of them."""

import re
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runtime.settings import Settings

SUPERGRAPH = Path(__file__).parents[2] / "schema" / "supergraph.graphql"
FIRST_SERVE_PORT = 20
FIRST_WORK_PORT = 30


class Part(Struct, frozen=True):
    """One process of ours that needs the engines."""

    name: str
    arguments: tuple[str, ...]
    """Of `python -m runtime`."""
    port: int
    placed_by: str
    """The variable that tells it its port."""

    @property
    def environment(self) -> dict[str, str]:
        return {self.placed_by: str(self.port)}


def domains() -> tuple[str, ...]:
    """Every domain, as the gateway knows them: importing them would cost the supervisor what it costs who works."""
    return tuple(sorted(re.findall(r'@join__graph\(name: "(\w+)"', SUPERGRAPH.read_text())))


def parts(settings: Settings) -> tuple[Part, ...]:
    """The processes in which the domains run here."""
    if settings.split == "0":
        return (
            Part("work", ("work",), settings.work_port, "WORK_PORT"),
            Part("serve", ("serve",), settings.serve_port, "SERVE_PORT"),
        )
    relay = Part("relay", ("relay",), settings.relay_port, "RELAY_PORT")
    return (
        *((relay,) if settings.event_log_url.startswith("kafka:") else ()),
        *(
            Part(f"work-{domain}", ("work", domain), settings.port + FIRST_WORK_PORT + number, "WORK_PORT")
            for number, domain in enumerate(domains())
        ),
        *(
            Part(f"serve-{domain}", ("serve", domain), settings.port + FIRST_SERVE_PORT + number, "SERVE_PORT")
            for number, domain in enumerate(domains())
        ),
    )


def placed(settings: Settings) -> Settings:
    """The same, and where each subgraph is when each is a process of its own; what is set by hand stays."""
    if settings.split == "0" or settings.subgraph_urls:
        return settings
    places = [
        f"{part.arguments[1]}=http://{settings.host}:{part.port}"
        for part in parts(settings)
        if part.placed_by == "SERVE_PORT"
    ]
    return replace(settings, subgraph_urls=",".join(places))
