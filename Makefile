# hirelog. One file, non-recursive. `make help` lists what there is.
SHELL := /bin/bash
.SECONDARY:
.DELETE_ON_ERROR:
Q := $(if $(V),,@)
comma := ,
VARIANT := $(if $(SANITIZE),san-$(subst $(comma),-,$(SANITIZE)),release)
B := build/$(VARIANT)
G := build/gen
-include config.mk

CC := gcc
PKGS := rdkafka avro-c libpq libmicrohttpd jansson libsodium
CPPFLAGS = -D_GNU_SOURCE -I. -I$(G) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla \
        -Wimplicit-fallthrough -Werror
OPT := $(if $(SANITIZE),-O1 -g -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer,\
       -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE)
CFLAGS = -std=gnu17 $(WARN) $(OPT)
LDFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE),-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
LDLIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread -lm

# Layers, bottom up (DESIGN 1). Each is an archive; a test or program links those up to its own layer.
runtime_SRC     := $(wildcard ops/runtime/*.c)
schemas_SRC     := $(filter-out schemas/generate.c,$(wildcard schemas/*.c))
producers_SRC   := $(wildcard producers/*.c producers/*/*.c)
projections_SRC := $(wildcard projections/*.c)
consumers_SRC   := $(wildcard consumers/*.c)
api_SRC         := $(filter-out api/main.c,$(wildcard api/*.c))
AVSC := $(sort $(wildcard schemas/*/*.avsc))
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
all: build/hirelog ## build build/hirelog
build/hirelog: $(B)/hirelog
	$(Q)ln -sf $(VARIANT)/hirelog $@
$(B)/hirelog: $(B)/api/main.o $(libs_api)
	@echo "  LD    $@"
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

define layer_rule
$(B)/$(1).a: $($(1)_OBJ)
	@mkdir -p $$(@D); echo "  AR    $$@"
	$(Q)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(B)/%.o: %.c $(G)/schemas/records.h
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@
$(B)/build/gen/%.o: $(G)/%.c $(G)/schemas/records.h
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# Generated: typed structs and tables from the .avsc files; SQL text.
build/tools/generate: schemas/generate.c
	@mkdir -p $(@D); echo "  CC    $@"
	$(Q)$(CC) -D_GNU_SOURCE -I. -std=gnu17 $(WARN) -O1 -g -o $@ $< -ljansson -lcrypto
$(G)/schemas/records.h $(G)/schemas/records.c &: build/tools/generate $(AVSC) schemas/ids.lock
	@mkdir -p $(G)/schemas; echo "  GEN   $(G)/schemas"
	$(Q)build/tools/generate schemas $(G)/schemas
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

-include $(shell find build -name '*.d' 2>/dev/null)
