# make demo      the whole road once: lock, bake, boot, deploy, a job, destroy
# make test      checks, unit, node and end-to-end tests (the last need root)
# make test-all  the same with every variant of the long ones, and the provider's tests
# make check     formatting, lint, types, unused code
# make setup     what kiln needs on this machine; make test brings what the tests need besides
# make clean     what was built here; the user's cache stays
SHELL := /bin/bash

.PHONY: demo test test-all check setup setup-tests clean

demo:
	@tools/demo

test: setup-tests
	@tools/test check unit node e2e

test-all: setup-tests
	@KILN_TEST_ALL=1 tools/test check unit node e2e
	@cd tools/provider-null && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go test ./...

check: setup
	@tools/check

setup:
	@tools/setup

setup-tests:
	@tools/setup packages node python terraform tests

clean:
	rm -rf dist cdktf.out .kiln/demo .kiln/test .kiln/logs
