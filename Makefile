# `make` lists what there is. A fresh machine needs: a Rust toolchain (rustup), a C compiler, make, npm.
# `make test` also needs Chromium and its driver; it installs them where it can and says so where it cannot.

SHELL := bash
HTMX := static/vendor/htmx-4.0.1.min.js
AXE := tests/browser/axe/node_modules/axe-core/axe.min.js
# Settings from .env, where there is one.
ENV := set -a; [ ! -f .env ] || . ./.env; set +a;

.DEFAULT_GOAL := help
.PHONY: help run demo test lint docs assets assets-test release clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

run: assets ## Build and serve on http://127.0.0.1:8080 with SQLite in data/tidings.db
	@$(ENV) cargo run --release -- serve

# The demo has a database of its own and shares nothing, whatever .env says of the site.
demo: assets ## Serve a throw-away site where somebody follows you every few seconds
	@$(ENV) unset DATABASE_URL REDIS_URL; cargo run --release -- demo

test: assets assets-test ## Run every test: units, stories over HTTP, real Chromium
	@scripts/need-chromium
	cargo test --lib --bins
	cargo test --test stories
	cargo test --test browser

lint: ## Formatting, clippy and rustdoc, warnings denied
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --quiet

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
