"""Every setting of the platform, with its unit; the only reader of the environment."""

import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec
from msgspec import Meta, Struct

from runtime.given import SettingsInvalid, from_data_dir, from_files, from_variables

Port = Annotated[int, Meta(ge=1, le=65535, extra_json_schema={"unit": "TCP port"})]
SecretText = Annotated[str, Meta(min_length=16, extra_json_schema={"unit": "secret"})]
Url = Annotated[str, Meta(pattern=r"^[a-z]+:", extra_json_schema={"unit": "URL"})]
SecretUrl = Annotated[str, Meta(pattern=r"^[a-z]+:", extra_json_schema={"unit": "secret URL"})]

PORT_OFFSETS = {
    "port": 0,
    "serve_port": 1,
    "work_port": 2,
    "issuer_port": 3,
    "provider_port": 4,
    "postgres_port": 5,
    "valkey_port": 6,
    "supervisor_port": 7,
    "kafka_port": 8,
    "kafka_controller_port": 9,
    "opensearch_port": 10,
    "opensearch_transport_port": 11,
    "hive_port": 12,
    "relay_port": 13,
}
SECRET_NAMES = (
    "owner_password",
    "runtime_password",
    "router_secret",
    "code_secret",
    "provider_secret",
    "partner_secret",
    "cursor_secret",
)


SECRET_URL_NAMES = (
    "owner_database_url",
    "database_url",
    "event_log_url",
    "positions_url",
    "search_url",
    "analytics_url",
)
"""May hold a password: like the secrets, each may be in a file that NAME_FILE names."""


class Settings(Struct, frozen=True, kw_only=True):
    """One field per setting; the environment variable is the field's name in capitals."""

    port: Annotated[Port, Meta(description="Port of the graph; every other port is derived from it.")]
    serve_port: Annotated[Port, Meta(description="Port of the subgraphs, PORT + 1.")]
    work_port: Annotated[Port, Meta(description="Port of the worker's health and metrics, PORT + 2.")]
    issuer_port: Annotated[Port, Meta(description="Port of the development OIDC issuer, PORT + 3.")]
    provider_port: Annotated[Port, Meta(description="Port of the development payment provider, PORT + 4.")]
    postgres_port: Annotated[Port, Meta(description="Port of the Postgres we run, PORT + 5.")]
    valkey_port: Annotated[Port, Meta(description="Port of the Valkey we run, PORT + 6.")]
    supervisor_port: Annotated[Port, Meta(description="Port of the supervisor's health and metrics, PORT + 7.")]
    kafka_port: Annotated[Port, Meta(description="Port of the Kafka we run, PORT + 8.")]
    kafka_controller_port: Annotated[Port, Meta(description="Port of its controller, PORT + 9.")]
    opensearch_port: Annotated[Port, Meta(description="Port of the OpenSearch we run, PORT + 10.")]
    opensearch_transport_port: Annotated[Port, Meta(description="Port between its nodes, PORT + 11.")]
    hive_port: Annotated[Port, Meta(description="Port of Hive Router behind the edge, PORT + 12.")]
    relay_port: Annotated[Port, Meta(description="Port of a relay's health and metrics, PORT + 13.")]
    host: Annotated[str, Meta(description="Address that the processes listen on.")] = "127.0.0.1"

    data_dir: Annotated[Path, Meta(description="Folder of everything that is kept: databases, logs, secrets.")]
    postgres_bin: Annotated[str, Meta(description="Folder of Postgres programs; empty: the ones pip installed.")] = ""
    valkey_bin: Annotated[str, Meta(description="A valkey-server or redis-server; empty: the one pip installed.")] = ""
    node_bin: Annotated[str, Meta(description="The Node.js program that runs the gateway.")] = "node"
    java_bin: Annotated[str, Meta(description="The Java program that runs Kafka and OpenSearch.")] = "java"
    hive_router_bin: Annotated[str, Meta(description="A Hive Router; empty: the one `make hive-router` built.")] = ""

    engines: Annotated[
        str, Meta(pattern="^(own|real)$", description="real: Kafka and OpenSearch run here too, and are used.")
    ] = "own"
    router: Annotated[str, Meta(pattern="^(gateway|hive)$", description="Which router plans and executes.")] = "gateway"
    split: Annotated[
        str, Meta(pattern="^[01]$", description="1: each subgraph and each domain's worker is a process of its own.")
    ] = "0"

    owner_database_url: Annotated[
        SecretUrl, Meta(description="Database as its owner, for migrations; without a password: with OWNER_PASSWORD.")
    ]
    database_url: Annotated[
        SecretUrl, Meta(description="Database as the restricted role; without a password: with RUNTIME_PASSWORD.")
    ]
    database_connections: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="Greatest size of a process's pool for a domain; with SPLIT=1 the default is 6.",
            extra_json_schema={"unit": "connections"},
        ),
    ]
    valkey_url: Annotated[Url, Meta(description="Valkey: wake-ups and what may be lost.")]
    event_log_url: Annotated[
        SecretUrl, Meta(description="The event log: `journal:` tails the journals, `kafka://HOST:PORT,…` reads Kafka.")
    ]
    kafka_replication: Annotated[
        int,
        Meta(ge=1, le=9, description="Replicas of each topic that is made.", extra_json_schema={"unit": "count"}),
    ] = 1
    positions_url: Annotated[
        SecretUrl, Meta(description="The stream of couriers' positions: `valkey:` or `kafka://HOST:PORT,…`.")
    ]
    search_url: Annotated[
        SecretUrl,
        Meta(description="Search: `postgresql:`, `opensearch://[USER:PASSWORD@]HOST:PORT` (`opensearchs:` TLS)."),
    ]
    analytics_url: Annotated[
        SecretUrl,
        Meta(description="Analytics: `postgresql:`, `clickhouse://USER:PASSWORD@HOST:PORT/NAME`, `chdb:///PATH`."),
    ] = "postgresql:"

    gateway_url: Annotated[Url, Meta(description="Where clients reach the graph.")]
    serve_url: Annotated[Url, Meta(description="Where the gateway reaches the subgraphs, below it /NAME/graphql.")]
    subgraph_urls: Annotated[
        str, Meta(description="Subgraphs that are elsewhere: `orders=http://HOST:PORT,…`; empty: all at SERVE_URL.")
    ] = ""
    issuer_url: Annotated[Url, Meta(description="The token issuer: `iss` of every token we accept.")]
    provider_url: Annotated[Url, Meta(description="The payment provider.")]
    audience: Annotated[str, Meta(description="`aud` of every token we accept.")] = "delivery-platform"
    token_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Life of a token from a sign-in.", extra_json_schema={"unit": "s"})
    ] = 900
    development_token_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="Life of a token from `make token`.", extra_json_schema={"unit": "s"})
    ] = 43_200
    provider_late_seconds: Annotated[
        float,
        Meta(ge=0, le=600, description="How late the test card `late` is answered.", extra_json_schema={"unit": "s"}),
    ] = 8.0
    provider_stall_seconds: Annotated[
        float, Meta(ge=0, le=600, description="How long a test card's time-out hangs.", extra_json_schema={"unit": "s"})
    ] = 30.0

    owner_password: Annotated[SecretText, Meta(description="Password of the database's owner.")]
    runtime_password: Annotated[SecretText, Meta(description="Password of the restricted database role.")]
    router_secret: Annotated[SecretText, Meta(description="What the router shows to the subgraphs.")]
    code_secret: Annotated[SecretText, Meta(description="Key of the pickup and drop-off codes.")]
    provider_secret: Annotated[SecretText, Meta(description="What we show to the payment provider.")]
    partner_secret: Annotated[SecretText, Meta(description="Client secret of the demo partner, partner-demo.")]
    cursor_secret: Annotated[SecretText, Meta(description="Key that seals the cursors of lists.")]

    clock_origin: Annotated[
        datetime | None, Meta(description="Domain time at CLOCK_STARTED; empty: the real time.")
    ] = None
    clock_started: Annotated[
        datetime | None, Meta(description="Real time at which domain time was CLOCK_ORIGIN; kept in DATA_DIR.")
    ] = None
    clock_rate: Annotated[
        float, Meta(gt=0, le=3600, description="Speed of domain time.", extra_json_schema={"unit": "s per s"})
    ] = 1.0
    city_file: Annotated[str, Meta(description="Map of the city that is loaded at the first start.")] = (
        "simulator/cities/helsinki.json"
    )
    city_restaurants: Annotated[
        int,
        Meta(
            ge=0, description="How many of the city's restaurants to load; 0: all.", extra_json_schema={"unit": "count"}
        ),
    ] = 0

    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="Least level written.")] = "info"
    log_file_bytes: Annotated[
        int, Meta(ge=65536, description="Size at which a log file is turned over.", extra_json_schema={"unit": "bytes"})
    ] = 16 * 1024 * 1024

    def __repr__(self) -> str:
        return f"Settings(port={self.port}, data_dir={str(self.data_dir)!r})"  # secrets stay out of logs

    @property
    def uses_own_postgres(self) -> bool:
        """Whether the database is the one on POSTGRES_PORT, which the supervisor runs."""
        return f"@{self.host}:{self.postgres_port}/" in self.owner_database_url

    @property
    def uses_own_valkey(self) -> bool:
        return f"//{self.host}:{self.valkey_port}/" in self.valkey_url

    @property
    def uses_own_kafka(self) -> bool:
        """Whether some stream goes through the Kafka on KAFKA_PORT, which the supervisor runs."""
        ours = f"kafka://{self.host}:{self.kafka_port}"
        return ours in {self.event_log_url, self.positions_url}

    @property
    def uses_own_opensearch(self) -> bool:
        return self.search_url == f"opensearch://{self.host}:{self.opensearch_port}"

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, needs: Sequence[str] = SECRET_NAMES
    ) -> "Settings":
        """Settings of this process: the environment over DATA_DIR's secrets over the defaults.

        A secret that it has no need of and was not given becomes one that nobody knows. Raises SettingsInvalid when a
        value is of the wrong kind or a secret is missing.
        """
        given = read_given(os.environ if environment is None else environment)
        absent = [name for name in SECRET_NAMES if name not in given]
        for name in absent:
            if name in needs:
                raise SettingsInvalid(
                    f"{name.upper()} is not set and {given['data_dir']} holds no secrets; run `make up` once."
                )
        values: dict[str, object] = {**derived(given), **{name: token_urlsafe(32) for name in absent}, **given}
        for url, password in (("owner_database_url", "owner_password"), ("database_url", "runtime_password")):
            values[url] = with_password(str(values[url]), str(values[password]))
        return convert(values)

    def child_environment(self) -> dict[str, str]:
        """What a child process gets: our own environment and over it every setting, derived ones and secrets too."""
        files = {f"{name.upper()}_FILE" for name in (*SECRET_NAMES, *SECRET_URL_NAMES)}
        return {**{name: os.environ[name] for name in os.environ if name not in files}, **self.as_environment()}

    def as_environment(self) -> dict[str, str]:
        """The same settings as environment variables."""
        plain = {name: getattr(self, name) for name in self.__struct_fields__}
        return {
            name.upper(): value.isoformat() if isinstance(value, datetime) else str(value)
            for name, value in plain.items()
            if value is not None
        }


def read_given(environment: Mapping[str, str]) -> dict[str, str]:
    """What is set outside of us: variables that are not empty, and below them the secrets in DATA_DIR."""
    outside = {
        **from_variables(environment, Settings.__struct_fields__),
        **from_files(environment, (*SECRET_NAMES, *SECRET_URL_NAMES)),
    }
    data_dir = Path(outside.get("data_dir", ".data")).resolve()
    return {**from_data_dir(data_dir), **outside, "data_dir": str(data_dir)}


def data_dir_of_environment() -> Path:
    """DATA_DIR, for the supervisor, which must have it before there are secrets."""
    return Path(os.environ.get("DATA_DIR") or ".data").resolve()


def derived(given: Mapping[str, str]) -> dict[str, object]:
    """Defaults that follow from other settings: ports from PORT, addresses from ports."""
    base = given.get("port", "4000")
    if not re.fullmatch(r"\d{1,5}", base):
        raise SettingsInvalid(f"PORT must be a number, not {base!r}.")
    ports = {name: given.get(name, str(int(base) + offset)) for name, offset in PORT_OFFSETS.items()}
    host = given.get("host", "127.0.0.1")
    database = f"@{host}:{ports['postgres_port']}/platform"
    real = given.get("engines") == "real"
    kafka = f"kafka://{host}:{ports['kafka_port']}"
    return {
        **ports,
        "gateway_url": f"http://{host}:{ports['port']}",
        "serve_url": f"http://{host}:{ports['serve_port']}",
        "issuer_url": f"http://{host}:{ports['issuer_port']}",
        "provider_url": f"http://{host}:{ports['provider_port']}",
        "database_connections": 10 if given.get("split", "0") == "0" else 6,
        "valkey_url": f"redis://{host}:{ports['valkey_port']}/0",
        "event_log_url": kafka if real else "journal:",
        "positions_url": kafka if real else "valkey:",
        "search_url": f"opensearch://{host}:{ports['opensearch_port']}" if real else "postgresql:",
        "owner_database_url": f"postgresql://owner{database}",
        "database_url": f"postgresql://runtime{database}",
    }


def with_password(url: str, password: str) -> str:
    """The URL with the password, unless it has one or names nobody."""
    parts = urlsplit(url)
    if parts.username is None or parts.password is not None:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.replace("@", f":{quote(password, safe='')}@", 1)))


def convert(values: Mapping[str, object]) -> Settings:
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=path_from_text)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingsInvalid(f"{path.rstrip('`').upper() or 'A setting'} is wrong: {reason.lower()}.") from error


def path_from_text(kind: type, value: object) -> object:
    return Path(str(value)) if kind is Path else value
