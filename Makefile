# The commands of this repository. `make test` needs a Rust toolchain and a C compiler; what else it needs it fetches
# where it may (tests/setup), and says what it leaves out where it may not.

CARGO ?= cargo

.PHONY: build
build: ## every tool and every test, as the tests run them
	$(CARGO) build --workspace --all-targets

.PHONY: test
test: ## everything, on real parts
	tests/setup
	$(MAKE) build
	tests/run
