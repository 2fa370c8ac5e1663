# The commands of this repository. `make test` needs a Rust toolchain and a C compiler; what else it needs it fetches
# where it may (tests/setup), and says what it leaves out where it may not.

CARGO ?= cargo
PREFIX ?= /usr/local
TARGET := $(or $(CARGO_TARGET_DIR),target)

# In the order in which a deploy runs them, as in Cargo.toml.
TOOLS := deploy-state preflight release-stage drain-wait service-stop release-swap service-start healthwait rollback \
	release-prune

.PHONY: build
build: ## every tool and every test, as the tests run them
	$(CARGO) build --workspace --all-targets

.PHONY: demo
demo: ## three deploys of a small service, the last one broken, and what was measured
	tests/demo

.PHONY: test
test: ## everything, on real parts
	tests/setup
	$(MAKE) build
	tests/run

.PHONY: test-compose-plugin
test-compose-plugin: build ## the tests of Compose projects once more, with docker compose, which is fetched from Debian 13
	tests/compose-plugin

.PHONY: lint
lint: ## form, lints, shell scripts, licences
	tests/lint

.PHONY: man
man: ## the man pages, in the target directory's man/
	$(CARGO) run --quiet --package slipway-man -- $(TARGET)/man

.PHONY: release
release: ## the tools, as they are installed
	$(CARGO) build --release $(addprefix --package ,$(TOOLS))

# It builds nothing, so that root needs no toolchain.
.PHONY: install
install: ## what make release and make man have made, under PREFIX (/usr/local) and DESTDIR
	@[ -x $(TARGET)/release/release-prune ] && [ -f $(TARGET)/man/slipway.7 ] || \
		{ echo 'not built yet: make release man' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/slipway/systemd \
		$(DESTDIR)$(PREFIX)/share/slipway/commands \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man7
	install $(addprefix $(TARGET)/release/,$(TOOLS)) scripts/deploy scripts/deploy-in-place scripts/deploy-compose $(DESTDIR)$(PREFIX)/bin
	install -m 644 scripts/runbook.sh $(DESTDIR)$(PREFIX)/share/slipway
	install scripts/commands/* $(DESTDIR)$(PREFIX)/share/slipway/commands
	$(call put,scripts/deploy.mk,share/slipway)
	$(call put,scripts/systemd/*,share/slipway/systemd)
	$(call put,$(TARGET)/man/*.1,share/man/man1)
	$(call put,$(TARGET)/man/*.7,share/man/man7)

# These name where the tools are: a unit starts one by its path.
put = for file in $(1); do to="$(DESTDIR)$(PREFIX)/$(2)/$${file\#\#*/}"; \
	sed 's|/usr/local/|$(PREFIX)/|g' "$$file" >"$$to" && chmod 644 "$$to" || exit; done

.PHONY: bench
bench: ## what the README promises, measured: reaction, cost of waiting, cost of a start
	$(CARGO) build --release $(addprefix --package ,$(TOOLS))
	$(CARGO) run --quiet --release --package healthwait --example bench
	$(CARGO) run --quiet --release --package preflight --example search
	$(CARGO) run --quiet --release --package preflight --example checks
