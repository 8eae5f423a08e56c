# `make` lists what there is. A fresh machine needs: a Rust toolchain (rustup), a C compiler, make, perl, npm.
# `make test` also needs Chromium, PostgreSQL, PgBouncer, Redis, nginx and w3m; it installs them where it can and says so where it cannot.

SHELL := bash
HTMX := static/vendor/htmx-4.0.1.min.js
AXE := tests/browser/axe/node_modules/axe-core/axe.min.js
# Settings from .env, where there is one.
ENV := set -a; [ ! -f .env ] || . ./.env; set +a;

# OpenSSL from source is half of a first build: where the system has it with its headers, that one is used.
ifeq ($(shell pkg-config --exists 'openssl >= 1.1.1' 2>/dev/null && echo yes),yes)
export OPENSSL_NO_VENDOR := 1
endif

.DEFAULT_GOAL := help
.PHONY: help run demo test lint openapi pictures docs assets assets-test release image compare bench bench-growth clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: assets ## Build and serve on http://127.0.0.1:8080 with SQLite in data/tidings.db
	@$(ENV) cargo run --release -- serve

# The demo has a database of its own and shares nothing, whatever .env says of the site.
demo: assets ## Serve a throw-away site where people post and follow you while you look
	@$(ENV) unset DATABASE_URL REDIS_URL; cargo run --release -- demo

# The same stories on either engine. outages:: needs PostgreSQL and Redis to break; on_a_file:: needs an SQLite file.
test: assets assets-test ## Run every test: units, stories on both engines, outages, real Chromium
	@scripts/need-chromium
	@scripts/need-servers
	cargo test --lib --bins --test architecture
	cargo test --doc
	cargo test --features test-server --test http
	cargo test --test stories -- --skip outages::
	scripts/with-servers cargo test --test stories -- --skip on_a_file::
	cargo test --test browser
	scripts/with-servers cargo test --test browser

image: ## Build the Docker image: tidings
	docker build -t tidings .

compare: ## Count Redis commands: a queue per user against one stamp per user, on the same workload
	@scripts/need-servers
	cargo bench --profile dev --bench compare

# Both write what they find into BENCHMARKS.md. Each figure is a ratio to a baseline that is measured in turns with it.
bench: ## Measure what everything costs, in ratios to bare baselines (about ten minutes; PART=polls for one part)
	@scripts/need-servers
	$(if $(PART),,cargo bench --bench pieces)
	scripts/with-servers cargo bench --bench cost -- $(PART)

bench-growth: ## Measure whether it stays as cheap from a thousand people to a million (about fifteen minutes, 10 GB of disk)
	@scripts/need-servers
	scripts/with-servers cargo bench --bench cost -- growth

lint: ## Formatting, clippy and rustdoc, warnings denied
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --features test-server --test http -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --quiet

openapi: ## Write docs/openapi.json, the description of the JSON API, anew from the code
	RENEW_OPENAPI=1 cargo test --quiet --test stories description::what_is_kept

pictures: assets assets-test ## Record the pictures of the README anew, in Chromium
	@scripts/need-chromium
	cargo test --quiet --test browser picture:: -- --ignored

assets: $(HTMX) ## Fetch htmx, pinned by package-lock.json

assets-test: $(AXE) ## Fetch axe-core for the browser tests, pinned by its own lock

release: assets ## The optimised binary: target/release/tidings
	cargo build --release

clean: ## Remove what was built and fetched (never data/)
	cargo clean
	rm -rf node_modules static/vendor tests/browser/axe/node_modules

# The lock file's integrity hash is checked by npm; no package's scripts are run.
$(HTMX): package.json package-lock.json
	@scripts/need npm "Node.js and npm (Debian: nodejs npm)"
	npm ci --ignore-scripts --silent
	mkdir -p $(@D)
	cp node_modules/htmx.org/dist/htmx.min.js $@

$(AXE): tests/browser/axe/package.json tests/browser/axe/package-lock.json
	@scripts/need npm "Node.js and npm (Debian: nodejs npm)"
	npm ci --ignore-scripts --silent --prefix tests/browser/axe
	touch $@
