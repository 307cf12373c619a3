# The platform's images: `platform` runs every role of `python -m runtime`, `gateway` is the gateway and the edge before
# Hive Router, `hive-router` is that router built from its sources. Inside a container every role answers at port 8080.
# Nothing is written but to DATA_DIR, and only by the roles for development: the root may be read-only.

FROM python:3.11.13-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements-production.lock /build/
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
    --requirement /build/requirements-production.lock

FROM node:20.20.2-bookworm-slim AS gateway-packages
WORKDIR /srv/router/gateway
COPY router/gateway/package.json router/gateway/package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

# Takes a quarter of an hour on two cores.
FROM rust:1.95.0-slim-bookworm AS hive-router-build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends build-essential cmake libssl-dev pkg-config protobuf-compiler \
    && rm -rf /var/lib/apt/lists/*
COPY router/hive-router/version /build/
RUN cargo install hive-router --version "$(cat /build/version)" --locked --features graphiql --root /opt/hive

FROM python:3.11.13-slim-bookworm AS platform
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin platform \
    && install --directory --owner=platform /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv
COPY kernel kernel
COPY projections projections
COPY runtime runtime
COPY schema schema
COPY simulator simulator
COPY subgraphs subgraphs
RUN /opt/venv/bin/python -m compileall -q kernel projections runtime simulator subgraphs
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    SERVE_PORT=8080 \
    WORK_PORT=8080 \
    RELAY_PORT=8080 \
    ISSUER_PORT=8080 \
    PROVIDER_PORT=8080
VOLUME /data
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "runtime"]
CMD ["--help"]

FROM node:20.20.2-bookworm-slim AS gateway
WORKDIR /srv
COPY --from=gateway-packages /srv/router/gateway/node_modules router/gateway/node_modules
COPY router/gateway router/gateway
COPY schema/supergraph.graphql schema/
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "router/gateway/main.js"]

FROM debian:12.12-slim AS hive-router
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=hive-router-build /opt/hive/bin/hive_router /usr/local/bin/
WORKDIR /srv/router/hive-router
COPY router/hive-router/router.yaml ./
COPY schema/supergraph.graphql /srv/schema/
ENV HOST=0.0.0.0 \
    PORT=8080 \
    LOG_LEVEL=warn \
    SUPERGRAPH=/srv/schema/supergraph.graphql \
    ROUTER_CONFIG_FILE_PATH=/srv/router/hive-router/router.yaml
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["curl", "--fail", "--silent", "--max-time", "4", "http://127.0.0.1:8080/readiness"]
STOPSIGNAL SIGTERM
# It reads no files of secrets.
ENTRYPOINT ["/bin/sh", "-c", "ROUTER_SECRET=\"$(cat \"$ROUTER_SECRET_FILE\")\" exec /usr/local/bin/hive_router"]
