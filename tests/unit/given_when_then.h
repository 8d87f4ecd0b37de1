/*
 * given_when_then.h - deciders as stories: GIVEN(events), WHEN(command), THEN(events) or
 * THEN_REJECTED(reason). One story per test, between story_begin and story_end; commands run
 * through decider_run with real metas, and what was appended stays folded, so a story can go on
 * with another WHEN.
 */
#ifndef TESTS_UNIT_GIVEN_WHEN_THEN_H
#define TESTS_UNIT_GIVEN_WHEN_THEN_H

#include "tests/unit/spec.h"

#include <string.h>

#include "producers/decider.h"
#include "schemas/records.h"

#define STORY_NOW_US INT64_C(1767225600000000) /* 2026-01-01 */

struct story {
    const struct decider *decider;
    struct arena arena;
    struct aggregates *aggregates;
    struct decision last; /* of the last WHEN */
    int64_t now_us;       /* of the next WHEN; a story may let time pass */
    bool claim_refused;
    unsigned n_commands; /* whose ids do not matter */
};
static struct story story;

/* A fixed UUID; 0 is the nil one. */
static inline struct uuid story_id(unsigned n)
{
    struct uuid id = uuid_nil;
    id.b[14] = (uint8_t)(n >> 8);
    id.b[15] = (uint8_t)n;
    return id;
}

/* Of a command whose id does not matter: no two have the same. */
static inline struct uuid story_new_id(void)
{
    return story_id(0x1000 + ++story.n_commands);
}

static inline void story_begin(const struct decider *d)
{
    story = (struct story){.decider = d, .now_us = STORY_NOW_US};
    arena_init(&story.arena);
    story.aggregates = aggregates_new(&story.arena);
}

static inline int story_end(void **state)
{
    (void)state;
    arena_release(&story.arena);
    return 0;
}

/* An event of a story: its aggregate's id is all that its meta needs. */
#define STORY_EVENT(event_name, aggregate, ...)                                       \
    __extension__({                                                                   \
        struct event_name *event_ = ARENA_NEW(&story.arena, struct event_name);       \
        *event_ = (struct event_name){.meta.aggregate_id = (aggregate), __VA_ARGS__}; \
        (struct record){&type_##event_name, event_};                                  \
    })

static inline void story_given(const struct record *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct event_meta *meta = events[i].value;
        meta->version = aggregates_get(story.aggregates, &meta->aggregate_id)->version + 1;
        decider_fold(story.decider, story.aggregates, events[i], &story.arena);
    }
}

static inline void story_run(struct record command, const char *forced_reason)
{
    struct decide_input in = {
        .aggregates = story.aggregates,
        .now_us = story.now_us,
        .claim_refused = story.claim_refused,
        .arena = &story.arena,
    };
    decider_run(story.decider, &in, story.aggregates, command, forced_reason, &story.last);
}

static inline bool story_value_equal(const struct field *f,
                                     const char *a,
                                     const char *b,
                                     bool (*equal)(struct record, struct record))
{
    switch (f->kind) {
    case FIELD_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case FIELD_LONG:
    case FIELD_TIME:
        return *(const int64_t *)a == *(const int64_t *)b;
    case FIELD_ENUM:
        return *(const int *)a == *(const int *)b;
    case FIELD_UUID:
        return uuid_equal((const struct uuid *)a, (const struct uuid *)b);
    case FIELD_STRING:
        return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
    case FIELD_RECORD:
        return equal((struct record){f->record, (void *)(uintptr_t)a},
                     (struct record){f->record, (void *)(uintptr_t)b});
    }
    return false;
}

static inline bool story_field_equal(const struct field *f,
                                     const char *a,
                                     const char *b,
                                     bool (*equal)(struct record, struct record))
{
    if (f->optional && *(const bool *)(a + f->has_offset) != *(const bool *)(b + f->has_offset))
        return false;
    if (f->optional && !*(const bool *)(a + f->has_offset))
        return true;
    if (!f->array)
        return story_value_equal(f, a + f->offset, b + f->offset, equal);
    const struct record_array *as = (const void *)(a + f->offset);
    const struct record_array *bs = (const void *)(b + f->offset);
    bool same = as->n == bs->n;
    for (size_t i = 0; same && i < as->n; i++)
        same = story_value_equal(f, (const char *)as->items + i * f->item_size,
                                 (const char *)bs->items + i * f->item_size, equal);
    return same;
}

/* Equal in all but what decider_run stamps. */
static inline bool story_equal(struct record a, struct record b)
{
    if (a.type != b.type)
        return false;
    for (size_t i = 0; i < a.type->n_fields; i++) {
        const struct field *f = &a.type->fields[i];
        if (f->record == &type_event_meta) {
            const struct event_meta *ma = a.value, *mb = b.value;
            if (!uuid_equal(&ma->aggregate_id, &mb->aggregate_id))
                return false;
        } else if (!story_field_equal(f, a.value, b.value, story_equal)) {
            return false;
        }
    }
    return true;
}

static inline const char *story_reason(void)
{
    assert_true(story.last.n > 0);
    if (story.last.events[0].type != &type_command_rejected)
        return NULL;
    return ((const struct command_rejected *)story.last.events[0].value)->reason;
}

static inline void story_then(const struct record *events, size_t n)
{
    const char *reason = story_reason();
    if (reason)
        fail_msg("rejected: %s", reason);
    for (size_t i = 0; i < n && i < story.last.n; i++) {
        assert_string_equal(story.last.events[i].type->name, events[i].type->name);
        if (!story_equal(story.last.events[i], events[i]))
            fail_msg("%s (event %zu) differs", events[i].type->name, i);
    }
    assert_int_equal(story.last.n, n);
}

static inline void story_then_rejected(const char *reason)
{
    const char *got = story_reason();
    if (!got)
        fail_msg("accepted, %s expected", reason);
    assert_string_equal(got, reason);
    assert_int_equal(story.last.n, 1);
}

/* Each argument is a struct record; evaluated once. */
#define GIVEN(...)                                    \
    do {                                              \
        const struct record given_[] = {__VA_ARGS__}; \
        story_given(given_, ARRAY_SIZE(given_));      \
    } while (0)
#define WHEN(command) story_run((command), NULL)
#define THEN(...)                                    \
    do {                                             \
        const struct record then_[] = {__VA_ARGS__}; \
        story_then(then_, ARRAY_SIZE(then_));        \
    } while (0)
#define THEN_REJECTED(reason) story_then_rejected(reason)

#endif
