# A short name for each lane. The rules are in CMakeLists.txt and cmake/, every flag in cmake/flags.cmake;
# docs/BUILD.md tells what each lane is for.
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 600

.PHONY: dev clang release static test asan tsan valgrind fuzz cov bench man install clean

dev clang release static:
	@cmake --preset $@
	cmake --build --preset $@ -j $(JOBS)

test: dev
	ctest --preset dev -j $(JOBS)

asan tsan:
	@cmake --preset $@
	cmake --build --preset $@ -j $(JOBS)
	ctest --preset $@ -j $(JOBS)

valgrind: dev
	scripts/valgrind.sh --jobs $(JOBS) build/dev

fuzz:
	@cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)
	scripts/fuzz.sh --build build/fuzz --seconds $(FUZZ_SECONDS) --jobs $(JOBS)

cov:
	@cmake --preset cov
	cmake --build --preset cov -j $(JOBS)
	ctest --preset cov -j $(JOBS)
	scripts/coverage.sh build/cov

bench: release
	scripts/bench-engine.sh
	scripts/bench-path.sh
	scripts/bench-evidence.sh

man:
	@cmake --preset release
	cmake --build build/release --target man

install: release man
	cmake --install build/release --prefix $(PREFIX)

clean:
	rm -rf build
