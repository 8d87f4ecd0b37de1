# hirelog. One file, non-recursive. `make help` lists what there is.
SHELL := /bin/bash
.SECONDARY:
.DELETE_ON_ERROR:
Q := $(if $(V),,@)
comma := ,
VARIANT := $(if $(SANITIZE),san-$(subst $(comma),-,$(SANITIZE)),release)
B := build/$(VARIANT)
G := build/gen
SCHEMAS := schemas
-include config.mk

CC := gcc
PKGS := rdkafka avro-c libpq jansson libsodium libcrypto libcurl icu-uc
# Not Debian 12's libmicrohttpd, but the next Debian's (1.0.1, ops/deps.sh builds it): in 0.9.75 a folded line changes the *name* of its
# field, CR alone ends a line, blanks are part of a target and NUL ends a value (RFC 9112 2.2, 3, 5.2; 9110 5.5), so that we see another
# request than a proxy in front of us; and a Content-Length that is no number is answered twice. Static: ops/runtime/half_close.c
# replaces the recv() that it calls. runtime.a comes once more behind it, as only then something asks for that.
MICROHTTPD := build/libmicrohttpd
CPPFLAGS = -D_GNU_SOURCE -I. -I$(G) -I$(MICROHTTPD)/include $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
        -Wimplicit-fallthrough -Werror
OPT := $(if $(SANITIZE),-O1 -g -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer,\
       -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE)
CFLAGS = -std=gnu17 $(WARN) $(OPT)
LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE),-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
# Of 2.0.2 the static library, three of whose functions ops/runtime/kafka_wakeup.c replaces. runtime.a comes once more behind it,
# as only then something asks for them.
ifeq ($(shell pkg-config --modversion rdkafka 2>/dev/null),2.0.2)
WAKEUP := rd_kafka_timers_next rd_kafka_txn_schedule_register_partitions rd_kafka_msgq_allow_wakeup_at
LIBRDKAFKA = $(WAKEUP:%=-Wl,--wrap=%) -l:librdkafka.a $(B)/runtime.a -llz4 -lzstd -lsasl2 -lssl -lz -ldl
else
LIBRDKAFKA = -lrdkafka
endif
LIBMICROHTTPD = -Wl,--wrap=recv $(MICROHTTPD)/lib/libmicrohttpd.a $(B)/runtime.a
LDLIBS = $(LIBMICROHTTPD) $(LIBRDKAFKA) $(shell pkg-config --libs $(filter-out rdkafka,$(PKGS)) 2>/dev/null) -lpthread -lm

# Layers, bottom up (DESIGN 1). Each is an archive; a test or program links those up to its own layer.
runtime_SRC     := $(wildcard ops/runtime/*.c)
schemas_SRC     := $(filter-out schemas/generate%,$(wildcard schemas/*.c))
producers_SRC   := $(wildcard producers/*.c producers/*/*.c)
projections_SRC := $(wildcard projections/*.c)
consumers_SRC   := $(wildcard consumers/*.c)
api_SRC         := $(filter-out api/main.c,$(wildcard api/*.c))
AVSC := $(sort $(wildcard $(SCHEMAS)/*/*.avsc))
SQL  := $(sort $(wildcard projections/*/*.sql projections/*/*/*.sql))

schemas_GEN     := $(G)/schemas/records.c
projections_GEN := $(G)/projections/sql_files.c
obj = $(patsubst %.c,$(B)/%.o,$(1))
LAYERS := runtime schemas producers projections consumers api
$(foreach l,$(LAYERS),$(eval $(l)_OBJ := $(call obj,$($(l)_SRC) $($(l)_GEN))))
libs_runtime     := $(B)/runtime.a
libs_schemas     := $(B)/schemas.a $(libs_runtime)
libs_producers   := $(B)/producers.a $(libs_schemas)
libs_projections := $(B)/projections.a $(libs_schemas)
libs_consumers   := $(B)/consumers.a $(B)/projections.a $(libs_producers)
libs_api         := $(B)/api.a $(libs_consumers)

.PHONY: all
all: $(if $(SANITIZE),$(B)/hirelog,build/hirelog) ## build build/hirelog (SANITIZE=address,undefined: build/san-address-undefined/hirelog)
build/hirelog: build/release/hirelog
	$(Q)ln -sf release/hirelog $@
$(B)/hirelog: $(B)/api/main.o $(libs_api)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

define layer_rule
$(B)/$(1).a: $($(1)_OBJ)
	@mkdir -p $$(@D); echo "  AR    $$@"
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(MICROHTTPD)/version:
	$(Q)ops/deps.sh build
$(B)/%.o: %.c $(G)/schemas/records.h | $(MICROHTTPD)/version
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@
$(B)/build/gen/%.o: $(G)/%.c $(G)/schemas/records.h
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Generated: typed structs and tables from the .avsc files; SQL text.
build/tools/generate: schemas/generate.c schemas/generate_emit.c schemas/generate.h
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) -D_GNU_SOURCE -I. -std=gnu17 $(WARN) -O1 -g -o $@ $(filter %.c,$^) -ljansson -lcrypto
$(G)/schemas/records.h $(G)/schemas/records.c &: build/tools/generate $(AVSC) $(SCHEMAS)/ids.lock
	@mkdir -p $(G)/schemas; echo "  GEN   $(G)/schemas"
	$(Q)build/tools/generate $(SCHEMAS) $(G)/schemas
$(G)/projections/sql_files.c: ops/embed.awk $(SQL)
	@mkdir -p $(@D); echo "  GEN   $@"
	$(Q)awk -f ops/embed.awk $(SQL) </dev/null > $@.tmp && mv $@.tmp $@

# Unit tests: tests/unit/<layer>_<what>_test.c links the layers up to its own.
UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*_test.c))
define unit_rule
$(B)/tests/unit/$(1): $(B)/tests/unit/$(1).o $(libs_$(firstword $(subst _, ,$(1))))
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$^ $(LDLIBS) -lcmocka $$(shell sed -n 's/^.*LDFLAGS: //p' tests/unit/$(1).c)
endef
$(foreach t,$(UNIT),$(eval $(call unit_rule,$(t))))

# Tests with a real broker and database: a program each, of all layers and what it calls in the other .c files of its folder.
REAL := $(patsubst %.c,%,$(wildcard tests/integration/*_test.c tests/e2e/*_test.c))
SUPPORTED := tests/integration tests/e2e
$(foreach d,$(SUPPORTED),$(eval $(d)_OBJ := $(call obj,$(filter-out %_test.c,$(wildcard $(d)/*.c)))))
$(foreach d,$(SUPPORTED),$(eval $(call layer_rule,$(d))))
define real_rule
$(B)/$(1): $(B)/$(1).o $(B)/$(patsubst %/,%,$(dir $(1))).a $(libs_api)
	@echo "  LD    $$@"
	$(Q)$(CC) $(LDFLAGS) -o $$@ $$^ $(LDLIBS) -lcmocka $$(shell sed -n 's/^.*LDFLAGS: //p' $(1).c)
endef
$(foreach t,$(REAL),$(eval $(call real_rule,$(t))))

# A load generator and the reader of the scenario: programs of one file.
$(B)/tests/bench/http_load: $(B)/tests/bench/http_load.o $(libs_runtime)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(LDLIBS)
$(B)/tests/bench/log_fill: $(B)/tests/bench/log_fill.o $(libs_consumers)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
build/tools/avro_cat: ops/avro_cat.c
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) -D_GNU_SOURCE -I. -std=gnu17 $(WARN) -O1 -g -o $@ $< -lavro

build/tools/docs: build/release/ops/docs.o build/release/runtime.a
	@mkdir -p $(@D); echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# What people call. Each installs what it lacks first, so the building is a make of its own.
JOBS := $(shell nproc)
ROUND := full
BUILD := $(MAKE) --no-print-directory -j$(JOBS)
.PHONY: deps run up stop reset status test test-faults test-registry check real-tests lint check-headers format bench bench-replay docs clean help
deps: ## install what is missing: Debian packages, the broker's jars
	$(Q)ops/deps.sh build stack
run: deps ## build, start everything under var/, run the hire scenario, leave it serving
	$(Q)$(BUILD) all build/tools/avro_cat
	$(Q)ops/stack.sh up
	$(Q)ops/scenario.sh
	$(Q)echo "what production has and this stack has not (build/hirelog topics check):"; \
	    build/hirelog topics check --config $${HIRELOG_VAR:-var}/hirelog.conf
up: deps ## start what is not running (Kafka, PostgreSQL, api, worker), return when all are ready
	$(Q)$(BUILD) all
	$(Q)ops/stack.sh up
	$(Q)ops/stack.sh status
stop: ## stop what `make run` and `make up` started
	$(Q)ops/stack.sh stop
reset: ## stop, and delete var/
	$(Q)ops/stack.sh reset
status: ## which process runs under which pid
	$(Q)ops/stack.sh status

check: ## unit tests: no broker, no database (SANITIZE=address,undefined or SANITIZE=thread)
	$(Q)ops/deps.sh build
	$(Q)$(BUILD) $(UNIT:%=$(B)/tests/unit/%)
	$(Q)ops/check.sh $(UNIT:%=$(B)/tests/unit/%)
real-tests: $(B)/hirelog $(REAL:%=$(B)/%) $(B)/tests/bench/http_load build/tools/avro_cat
test: deps check ## every test, on a throw-away stack with free ports (ONLY="name ...": those of integration and e2e)
	$(Q)ops/deps.sh test
	$(Q)$(BUILD) real-tests
	$(Q)ops/test.sh $(B) $(ONLY)
test-faults: deps ## brokers, databases and workers that die, freeze or lag, each on a stack of its own (ROUND=short: what .ci/run does)
	$(Q)ops/deps.sh test
	$(Q)$(BUILD) $(B)/hirelog $(B)/tests/bench/http_load build/tools/avro_cat
	$(Q)HIRELOG_ROUND=$(ROUND) ops/test.sh $(B) $(ONLY)
test-registry: deps ## the tests with a real schema registry (Apicurio, which it fetches), on a throw-away stack
	$(Q)ops/deps.sh test registry
	$(Q)$(BUILD) $(B)/hirelog build/tools/avro_cat
	$(Q)HIRELOG_REGISTRY=apicurio ops/test.sh $(B) $(ONLY)
bench: up ## the figures of the stack that `make up` started
	$(Q)$(BUILD) build/release/tests/bench/http_load
	$(Q)tests/bench/run.sh
bench-replay: deps ## how fast a view is made from a log of a million events, on a throw-away stack
	$(Q)$(BUILD) build/hirelog build/release/tests/bench/log_fill
	$(Q)tests/bench/replay.sh

C_FILES   := $(filter-out build/% var/%,$(wildcard $(foreach d,ops schemas producers projections consumers api tests,$(d)/*.c $(d)/*/*.c)))
H_FILES   := $(filter-out build/% var/%,$(wildcard $(foreach d,ops schemas producers projections consumers api tests,$(d)/*.h $(d)/*/*.h)))
TIDY      := $(C_FILES:%.c=build/lint/%.tidy)
ANALYZED  := $(patsubst %.c,build/lint/%.analyzed,$(filter-out tests/%,$(C_FILES)))
HEADERS   := $(H_FILES:%.h=build/lint/%.alone)
lint: ## formatting, clang-tidy, gcc -fanalyzer, headers, SQL, words
	$(Q)ops/deps.sh build lint
	$(Q)$(BUILD) $(G)/schemas/records.h $(G)/projections/sql_files.c
	$(Q)ops/lint.sh $(C_FILES) $(H_FILES)
	$(Q)$(BUILD) check-headers $(TIDY) $(ANALYZED)
	@echo "lint: clean"
# A file is looked at again when it, a header or the rules changed: the stamps keep their own dependency lists.
LINT_DEPS = -MM -MP -MT $@ -MF $(@:%=%.d)
build/lint/%.tidy: %.c .clang-tidy $(G)/schemas/records.h
	@mkdir -p $(@D); echo "  TIDY  $<"
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 $(LINT_DEPS) $<
	$(Q)clang-tidy-14 --quiet $< -- $(CPPFLAGS) -std=gnu17 >$@.log 2>&1 || { cat $@.log; exit 1; }
	$(Q)touch $@
# malloc-leak: it does not follow ownership through out parameters and the cleanup attribute; AddressSanitizer does.
ANALYZER := -O1 -fanalyzer -Wno-analyzer-malloc-leak -fdiagnostics-path-format=none
build/lint/%.analyzed: %.c $(G)/schemas/records.h
	@mkdir -p $(@D); echo "  ANLZ  $<"
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 $(LINT_DEPS) $<
	$(Q)$(CC) $(CPPFLAGS) -std=gnu17 $(WARN) $(ANALYZER) -c $< -o /dev/null
	$(Q)touch $@
check-headers: $(HEADERS) ## compile each header alone
build/lint/%.alone: %.h $(G)/schemas/records.h
	@mkdir -p $(@D)
	$(Q)echo '#include "$<"' | $(CC) $(CPPFLAGS) $(WARN) -std=gnu17 -MMD -MP -MT $@ -MF $@.d -fsyntax-only -x c -
	$(Q)touch $@
format: ## clang-format every C file in place
	$(Q)clang-format-14 -i $(C_FILES) $(H_FILES)

docs: build/tools/docs all ## print docs/services.md; the settings as a Markdown table and as a sample file into build/docs/
	@mkdir -p build/docs
	$(Q)build/tools/docs settings >build/docs/settings.md
	$(Q)build/tools/docs sample >build/docs/hirelog.conf
	$(Q)build/hirelog services >docs/services.md
	@echo docs/services.md build/docs/settings.md build/docs/hirelog.conf
clean: ## delete build/ but what was fetched
	$(Q)find build -mindepth 1 -maxdepth 1 ! -name kafka-libs ! -name libmicrohttpd ! -name confluent ! -name subscriber-libs ! -name apicurio -exec rm -rf {} +
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | awk -F '\t' '{printf "  make %-14s %s\n", $$1, $$2}'

# Of what this call builds only: reading them all takes as long as a start. What people call builds nothing itself.
ifeq ($(filter run up stop reset status check test test-faults test-registry bench bench-replay lint,$(MAKECMDGOALS)),)
-include $(shell find $(B) $(if $(filter check-headers build/lint/%,$(MAKECMDGOALS)),build/lint) -name '*.d' 2>/dev/null)
endif
