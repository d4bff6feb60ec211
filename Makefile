# cq: RQ's job queue as one C program. `make help` lists the targets.

PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= cc
V        ?= 0
SANITIZE ?=
TEST     ?=
VERSION  := 0.1.0

LAYERS := base serializers redis job registry queue lifecycle core runtime config worker cron cmd

# One output folder per kind of build, so that sanitized and plain objects never mix.
ROOT := build
ifeq ($(SANITIZE),)
B := build
else
B := build/san
endif

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,$(if $(QUIET),@:,@printf '  %-7s %s\n' $(1) $(2)))

# All cores, unless -j says how many. Of several goals (`make clean build`) each is done before the next.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
ifneq ($(word 2,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
endif

PKGS      := hiredis jansson inih uuid zlib
PKG_MSGPACK := $(shell pkg-config --exists msgpack-c 2>/dev/null && echo msgpack-c || { pkg-config --exists msgpack 2>/dev/null && echo msgpack; })
PKG_PYTHON := $(shell pkg-config --exists python3 2>/dev/null && echo python3)
ALL_PKGS  := $(PKGS) $(PKG_MSGPACK)
# What deps.sh unpacked instead of installing it: msgpack-c where its package wants boost, the headers of Python.
UNPACKED  := $(ROOT)/deps/usr
CFLAGS_MSGPACK := $(if $(PKG_MSGPACK),,-isystem $(UNPACKED)/include)
LIBS_MSGPACK   := $(if $(PKG_MSGPACK),,$(UNPACKED)/lib/libmsgpackc.a)
CFLAGS_PYTHON  := $(if $(PKG_PYTHON),$(patsubst -I%,-isystem %,$(shell pkg-config --cflags python3)),-isystem $(UNPACKED)/include -isystem $(ROOT)/deps/python)

OPT       ?= -O2 -g
CFLAGS_BASE := -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
             -fno-omit-frame-pointer -fstack-protector-strong -I. -I$(B)/gen -DCQ_VERSION='"$(VERSION)"'
CFLAGS_CQ := $(CFLAGS_BASE) $(OPT) \
             $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
LDFLAGS_CQ := $(if $(SANITIZE),-fsanitize=$(SANITIZE)) -Wl,--as-needed -Wl,-z,relro,-z,now
# Of libcurl and OpenSSL the headers only: they are opened at run time, by the first webhook and the first rediss://.
CFLAGS_PKG  = $(shell pkg-config --cflags $(ALL_PKGS) libcurl openssl 2>/dev/null) $(CFLAGS_MSGPACK)
LIBS        = $(shell pkg-config --libs $(ALL_PKGS) 2>/dev/null) $(LIBS_MSGPACK) -lev -ldl -lm -pthread
# The libraries are linked in where Debian has their archive: every shared one is five more mappings that each fork of a
# horse has to copy, some 15 % of a job. STATIC=0 leaves them shared, as a distribution wants them.
STATIC     ?= $(if $(SANITIZE),0,1)
NEVER_IN   := -ldl -lm -pthread
archive_of  = $(filter /%,$(shell $(CC) -print-file-name=$(patsubst -l%,lib%.a,$(1))))
LINK_LIBS   = $(if $(filter 1,$(STATIC)),$(foreach l,$(LIBS),$(or $(if $(filter $(NEVER_IN),$l),,$(if $(filter -l%,$l),$(call archive_of,$l))),$l)),$(LIBS))

LUA     := $(sort $(foreach d,$(LAYERS),$(wildcard $(d)/*.lua $(d)/*/*.lua)))
SOURCES := $(filter-out runtime/python/%,$(sort $(foreach d,$(LAYERS),$(wildcard $(d)/*.c $(d)/*/*.c))))
OBJECTS := $(SOURCES:%.c=$(B)/obj/%.o) $(B)/obj/scripts/scripts.o $(B)/obj/python/bundle.o
LIBRARY := $(B)/libcq-internal.a
TESTS   := $(sort $(wildcard tests/*/test_*.c))
TEST_BINS := $(TESTS:%.c=$(B)/%)
# TEST=lifecycle/enqueue builds and runs tests/lifecycle/test_enqueue alone, TEST=lifecycle its folder; so with several.
WANTED_BINS := $(if $(TEST),$(foreach t,$(TEST),$(if $(findstring /,$(t)),$(B)/tests/$(dir $(t))test_$(notdir $(t)),$(filter $(B)/tests/$(t)/%,$(TEST_BINS)))),$(TEST_BINS))
# What test programs share, main() too: of the archive a program takes what it needs, so that one may have a main() of its own.
SUPPORT := $(B)/libcq-tests.a
SUPPORT_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/support/*.c))
# The extension module of the python runtime: its own sources, and what it shares with the native one. It is loaded into an
# interpreter that knows nothing of our sanitizers, and is written against Python's stable ABI: one build for 3.9 and later.
EXTENSION         := $(B)/gen/python/_cq.so
EXTENSION_SOURCES := $(wildcard runtime/python/*.c runtime/stable/*.c) runtime/frame.c runtime/frame_io.c runtime/frame_write.c \
                     base/buf.c base/error.c base/process/exit_text.c base/mem.c base/process/proc.c base/process/title.c
EXTENSION_OBJECTS := $(EXTENSION_SOURCES:%.c=$(B)/pic/%.o)
EXTENSION_CFLAGS   = $(CFLAGS_BASE) -O2 $(filter -Wno-%,$(OPT)) -fPIC -fvisibility=hidden -ffunction-sections -DPy_LIMITED_API=0x03090000 \
                     $(CFLAGS_PYTHON)
# Fewer segments are fewer mappings for every fork to copy.
EXTENSION_LDFLAGS := -shared -s -Wl,--gc-sections,-z,noseparate-code,-z,norelro,-z,now,-Bsymbolic
PYTHON_MODULES    := $(sort $(wildcard runtime/python/cq/*.py))
# Modules of job functions: the example, and those that tests load.
MODULES := $(patsubst %.c,$(B)/%.so,$(wildcard examples/*.c tests/*/modules/*.c))

.PHONY: help build
help: ## list the targets
	@awk -F':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# What pkg-config knows was asked when make started. On a bare machine `deps` has installed the libraries since then, so
# whoever needs them compiles in a make of its own, which asks again.
build: deps ## build/cq, usable in place
	$(Q)$(MAKE) --no-print-directory binary

# cq's transitions for the model-based test: nothing above lifecycle/ is in it.
DRIVER_OBJECTS = $(filter $(foreach d,base serializers redis job registry queue lifecycle scripts,$(B)/obj/$(d)/%),$(OBJECTS))
DRIVER := $(patsubst %.c,$(B)/obj/%.o,$(wildcard tests/model/*.c))
$(B)/model/driver: $(DRIVER) $(DRIVER_OBJECTS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_CQ) -o $@ $^ $(LDFLAGS_CQ) $(LIBS)

.PHONY: binary modules driver unit-binaries fuzz-binaries all-binaries
binary: $(B)/cq
	@:
modules: $(MODULES)
	@:
driver: $(B)/model/driver
	@:
unit-binaries: $(WANTED_BINS) modules
	@:
fuzz-binaries: $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
	@:
all-binaries: binary modules driver unit-binaries

$(B)/gen/scripts/scripts.c: $(LUA) $(wildcard scripts/parts/*.lua) scripts/embed.sh \
                            scripts/flatten.awk scripts/keys.awk
	$(call say,LUA,$(B)/gen/scripts)
	$(Q)mkdir -p $(B)/gen/scripts && scripts/embed.sh $(B)/gen/scripts $(LUA)

# Comes with it, but keeps its date where nothing changed in it: then only the scripts are compiled anew.
$(B)/gen/scripts/scripts.h: $(B)/gen/scripts/scripts.c ;

# What a compiler call depends on beside its sources: a change of flags rebuilds.
$(B)/flags: FORCE
	$(Q)mkdir -p $(B) && echo '$(CC) $(CFLAGS_CQ) $(EXTENSION_CFLAGS) $(ALL_PKGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS_CQ) $(EXTENSION_CFLAGS) $(ALL_PKGS)' > $@
.PHONY: FORCE
FORCE:

.SECONDARY: # an object that only one rule asks for is kept all the same

$(B)/obj/%.o: %.c $(B)/gen/scripts/scripts.h $(B)/flags
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_CQ) $(CFLAGS_PKG) -MMD -MP -c $< -o $@

$(B)/obj/scripts/scripts.o: $(B)/gen/scripts/scripts.c $(B)/gen/scripts/scripts.h $(B)/flags
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_CQ) -c $< -o $@

$(B)/pic/%.o: %.c $(B)/flags
	$(call say,PIC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(EXTENSION_CFLAGS) -MMD -MP -c $< -o $@

$(EXTENSION): $(EXTENSION_OBJECTS)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(EXTENSION_LDFLAGS) -o $@ $^

$(B)/obj/python/bundle.o: $(EXTENSION) runtime/python/embed.sh runtime/python/boot.py $(wildcard runtime/python/cq) $(PYTHON_MODULES)
	$(call say,BUNDLE,$@)
	$(Q)mkdir -p $(@D) && runtime/python/embed.sh $(B)/gen/python $(EXTENSION) runtime/python/boot.py $(PYTHON_MODULES)
	$(Q)$(CC) -c $(B)/gen/python/bundle.S -o $@

# main() stays out of the library, so that tests can link all the rest.
$(LIBRARY): $(filter-out $(B)/obj/cmd/main.o,$(OBJECTS))
	$(Q)rm -f $@ && ar rcs $@ $^

$(SUPPORT): $(SUPPORT_OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/cq: $(B)/obj/cmd/main.o $(LIBRARY) runtime/exports.map
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_CQ) -Wl,--dynamic-list=runtime/exports.map -o $@ $(B)/obj/cmd/main.o -Wl,--whole-archive $(LIBRARY) -Wl,--no-whole-archive $(LINK_LIBS)

$(B)/tests/%: tests/%.c $(SUPPORT) $(LIBRARY) $(B)/flags
	$(call say,TEST,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_CQ) -Wno-missing-prototypes $(CFLAGS_PKG) $$(pkg-config --cflags check) -MMD -MP -o $@ $< $(SUPPORT) \
		$(LDFLAGS_CQ) $(LIBRARY) $(LIBS) $$(pkg-config --libs check)

# These tests load modules, which look for the functions of cq.h in the executable, as they do in cq.
$(B)/tests/runtime/test_%: LDFLAGS_CQ += -Wl,--dynamic-list=runtime/exports.map -Wl,--whole-archive $(LIBRARY) -Wl,--no-whole-archive

# A module is built as a user builds one: the public header, no flag of ours but warnings.
$(B)/examples/%.so: examples/%.c runtime/cq.h
	$(call say,MODULE,$<)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -g -Iruntime -shared -fPIC -o $@ $<

$(B)/tests/%.so: tests/%.c runtime/cq.h
	$(call say,MODULE,$<)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -g -I. -Iruntime -shared -fPIC -o $@ $<

$(B)/fuzz/%: tests/fuzz/%.c $(LIBRARY) $(B)/flags
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_CQ) -fsanitize=fuzzer -Wno-missing-prototypes $(CFLAGS_PKG) -MMD -MP -o $@ $< \
		$(LDFLAGS_CQ) $(LIBRARY) $(LIBS)

.PHONY: deps deps-demo deps-test deps-lint deps-check deps-fuzz
deps: ## install what building needs (apt, as root or through sudo); tests/tools/deps.sh --list build names it
	$(Q)V=$(V) tests/tools/deps.sh build

# What running the demo, the tests, lint, all of check, the fuzz targets needs, all in one run of apt: instant when it is there.
deps-demo deps-test deps-lint deps-check deps-fuzz: deps-%:
	$(Q)V=$(V) tests/tools/deps.sh $*

.PHONY: test cli pytest interop model rq-suite sanitize check quick layers demo bench fuzz docs format lint coverage install uninstall clean
test: deps-test layers ## unit tests; TEST=lifecycle/enqueue runs one
	$(Q)$(MAKE) --no-print-directory binary unit-binaries
	$(Q)tests/tools/run_programs.sh unit '$(B)' $(TEST)

cli: deps-test ## shell tests of the command line
	$(Q)$(MAKE) --no-print-directory binary modules
	$(Q)tests/tools/run_programs.sh cli '$(B)' $(TEST)

pytest: deps-check ## the Python side of the python runtime; TEST=python/limits runs one
	$(Q)$(MAKE) --no-print-directory binary
	$(Q)tests/tools/run_python.sh '$(B)' '$(TEST)'

interop: deps-check ## with Python's RQ, in both directions
	$(Q)$(MAKE) --no-print-directory binary modules
	$(Q)tests/tools/run_interop.sh '$(B)' '$(TEST)'

model: deps-check ## random steps of cq and RQ against a model; SEED=1 STEPS=20000 MINUTES=0 EPISODE=N
	$(Q)$(MAKE) --no-print-directory binary driver
	$(Q)tests/tools/run_model.sh '$(B)' --seed $(or $(SEED),1) --steps $(or $(STEPS),20000) --minutes $(or $(MINUTES),0) $(if $(EPISODE),--episode $(EPISODE))

rq-suite: build ## RQ's own tests, from PyPI, with cq worker in place of RQ's; WORKERS=cq|reuse|cli|rq
	$(Q)tests/rq_suite/run.sh '$(B)' '$(TEST)'

sanitize: ## unit and CLI tests under AddressSanitizer and UBSan
	$(Q)tests/tools/check.sh sanitize

check: ## all that CI runs, some 13 minutes; ends with `N passed, N failed`
	$(Q)tests/tools/check.sh

quick: ## for work in progress, some two minutes: pure layers, some of cli and interop, lint
	$(Q)tests/tools/check.sh quick

layers: deps-test ## no file includes a layer above its own; every header compiles alone
	$(Q)$(MAKE) --no-print-directory $(B)/gen/scripts/scripts.h
	$(Q)PYTHON_CFLAGS='$(CFLAGS_PYTHON) $(CFLAGS_MSGPACK)' tests/tools/layers.sh '$(B)' $(LAYERS)

demo: deps-demo ## a private Redis, a dozen jobs, a worker: seen running; V=1 shows the compiler too
	$(if $(filter 1,$(V)),,@[ -x $(B)/cq ] || echo 'Compiling cq; V=1 shows it.')
	$(Q)$(MAKE) --no-print-directory QUIET=1 binary modules
	$(Q)examples/demo.sh '$(B)'

bench: deps-check ## cq beside RQ's workers and Celery, as ratios within one run; ROWS=python and more in tests/bench/README.md
	$(Q)$(MAKE) --no-print-directory binary
	$(Q)CQ="$${CQ:-$(B)/cq}" tests/bench/run.sh

fuzz: deps-fuzz ## each fuzz target for FUZZ_SECONDS (60)
	$(Q)tests/fuzz/run.sh

format: deps-lint ## lay out C by clang-format and Python by ruff
	$(Q)git ls-files '*.c' '*.h' | xargs build/venv-lint/bin/clang-format -i
	$(Q)build/venv-lint/bin/ruff format --quiet .

lint: deps-lint ## sizes, widths, layout and names, and the linters of each language
	$(Q)tests/tools/lint.sh

coverage: deps-test ## line coverage of the unit tests (needs gcovr)
	$(Q)command -v gcovr > /dev/null || { echo 'coverage: gcovr is missing (Debian: apt-get install gcovr)' >&2; exit 1; }
	$(Q)$(MAKE) --no-print-directory B=build/cov OPT='-O0 -g --coverage' test
	$(Q)gcovr --root . --object-directory build/cov $(foreach d,$(LAYERS),--filter '$(d)/')

docs: build ## the man page and the shell completion, from the option tables
	$(Q)mkdir -p $(B)/man && $(B)/cq help --man > $(B)/man/cq.1
	$(Q)mkdir -p $(B)/completion && $(B)/cq help --completion bash > $(B)/completion/cq

install: build docs ## into PREFIX (/usr/local), DESTDIR honoured
	install -D -m 755 $(B)/cq $(DESTDIR)$(PREFIX)/bin/cq
	install -D -m 644 runtime/cq.h $(DESTDIR)$(PREFIX)/include/cq.h
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' runtime/cq.pc.in > $(B)/cq.pc
	install -m 644 $(B)/cq.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/cq.pc
	install -D -m 644 $(B)/man/cq.1 $(DESTDIR)$(PREFIX)/share/man/man1/cq.1
	install -D -m 644 $(B)/completion/cq $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cq
	install -D -m 644 config.example.ini $(DESTDIR)$(PREFIX)/share/doc/cq/config.example.ini
	install -D -m 644 examples/cq-worker.service $(DESTDIR)$(PREFIX)/share/doc/cq/cq-worker.service
	install -D -m 644 examples/cq-cron.service $(DESTDIR)$(PREFIX)/share/doc/cq/cq-cron.service
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/cq/LICENSE

uninstall: ## what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/cq $(DESTDIR)$(PREFIX)/include/cq.h $(DESTDIR)$(PREFIX)/lib/pkgconfig/cq.pc
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/cq.1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions/cq
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/cq

clean: ## remove build/, the virtual environments too
	rm -rf build

-include $(OBJECTS:.o=.d) $(DRIVER:.o=.d) $(EXTENSION_OBJECTS:.o=.d) $(SUPPORT_OBJECTS:.o=.d) $(TEST_BINS:=.d) $(wildcard $(B)/fuzz/*.d)
