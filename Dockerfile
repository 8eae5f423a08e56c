# The production image: one small image for SQLite, PostgreSQL and Redis, whatever the settings say.
#
#     docker build -t tidings .
#     docker run -p 127.0.0.1:8080:8080 -v tidings:/data tidings
#
# `scripts/check-image` builds it and tries what is promised below. compose.yaml runs two of it behind a proxy.

# htmx. npm checks the lock file's integrity hash; no package's scripts are run.
FROM node:20-bookworm-slim AS static
WORKDIR /tidings
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY static static
# A clone made under a strict umask would otherwise hide its files from the user that the image runs as.
RUN mkdir -p static/vendor \
    && cp node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx-4.0.1.min.js \
    && chmod -R a+rX static

# The program. The version is that of rust-toolchain.toml, which stays outside: it would also ask for what only
# developers need.
FROM rust:1.95.0-slim-bookworm AS build
# Debian's OpenSSL rather than one compiled in, so that its security updates arrive with the base image.
ENV OPENSSL_NO_VENDOR=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /tidings
# The dependencies first, around an empty program, in a layer that lasts until either file changes. Whatever this
# leaves of the empty program is thrown away: cargo compares times, and would take it for newer than the real one.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo '//! Empty.' > src/lib.rs \
    && printf '//! Empty.\nfn main() {}\n' > src/main.rs \
    && cargo build --release --locked \
    && cargo clean --release --package tidings
COPY migrations migrations
COPY templates templates
COPY src src
RUN cargo build --release --locked

# What is shipped.
FROM debian:bookworm-slim
# libssl3 for TLS to PostgreSQL, ca-certificates to know its server and that of Redis by.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/*
# A number, because that is what a host sees on its files and what an orchestrator can check not to be root. A new
# named volume takes its owner from this folder; a folder of the host has to be given to 10001 by hand.
RUN groupadd --gid 10001 tidings \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin tidings \
    && install -d -o 10001 -g 10001 -m 700 /data
# The program finds static/ beside itself.
COPY --from=static /tidings/static /opt/tidings/static
COPY --from=build /tidings/target/release/tidings /opt/tidings/tidings

ENV PATH=/opt/tidings:$PATH \
    BIND=0.0.0.0 \
    PORT=8080 \
    DATABASE_URL=sqlite:/data/tidings.db
# From here the path in .env.sample, data/tidings.db, leads into the volume as well.
WORKDIR /
VOLUME /data
EXPOSE 8080
USER 10001:10001

# No curl for one request: bash can open a connection itself. The address 0.0.0.0 leads to this container too.
# /healthz and not /readyz: a restart would not mend a database.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/${BIND:-127.0.0.1}/${PORT:-8080} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [[ $status == 200 ]]"]

# The program itself is process 1, so that this reaches it: it lets the requests under way finish, at most 8 seconds,
# which is less than the 10 that are granted before it is killed.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tidings"]

# Version and revision are the builder's to say: --label org.opencontainers.image.revision=$(git rev-parse HEAD)
LABEL org.opencontainers.image.title="Tidings" \
      org.opencontainers.image.description="Follow people, and hear about it within ten seconds, on any host, without sockets."
