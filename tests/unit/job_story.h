/*
 * job_story.h - the words of stories about jobs: people, events and commands with everything
 * filled in that a test does not care about. One job, one application per freelancer, one contract.
 */
#ifndef TESTS_UNIT_JOB_STORY_H
#define TESTS_UNIT_JOB_STORY_H

#include "producers/job/job.h"
#include "tests/unit/given_when_then.h"

enum { NOBODY, ANA, BEN, CAT, DAN, EVE, THE_JOB = 100, OTHER_JOB, THE_CONTRACT };

static inline int job_story_begin(void **state)
{
    (void)state;
    story_begin(&job_decider);
    return 0;
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, job_story_begin, story_end)

/* Ana and Dan are clients, Ben and Cat freelancers, Eve is both. */
static inline struct actor actor_of(unsigned person)
{
    static int both[] = {ROLE_CLIENT, ROLE_FREELANCER};
    struct actor actor = {.kind = person == NOBODY ? ACTOR_KIND_ANONYMOUS : ACTOR_KIND_USER,
                          .id = story_id(person)};
    actor.roles.items = person == BEN || person == CAT ? both + 1 : both;
    actor.roles.n = person == NOBODY ? 0 : person == EVE ? 2 : 1;
    return actor;
}

static inline struct uuid application_of(unsigned freelancer)
{
    struct uuid job = story_id(THE_JOB), id = story_id(freelancer);
    return application_id_of(&job, &id);
}

static inline struct money bid_of(unsigned freelancer)
{
    return (struct money){.amount = 1000 + freelancer, .currency = "EUR"};
}

#define ANY_COMMAND 200
#define BUDGET      ((struct money){.amount = 5000, .currency = "EUR"})

/* Events. `who` is the client of a job, the freelancer of an application or a contract. */
#define job_posted(who)                                                                     \
    STORY_EVENT(job_posted, story_id(THE_JOB), .client_id = story_id(who), .title = "Logo", \
                .description = "A logo", .budget = BUDGET)
#define job_edited(...)   STORY_EVENT(job_edited, story_id(THE_JOB), __VA_ARGS__)
#define job_closed(words) STORY_EVENT(job_closed, story_id(THE_JOB), .reason = (words))
#define job_filled(who)                                                               \
    STORY_EVENT(job_filled, story_id(THE_JOB), .contract_id = story_id(THE_CONTRACT), \
                .application_id = application_of(who))
#define application_submitted(who)                                                       \
    STORY_EVENT(application_submitted, application_of(who), .job_id = story_id(THE_JOB), \
                .freelancer_id = story_id(who), .cover_letter = "Take me", .bid = bid_of(who))
#define APPLICATION_ENDED(event_name, who)                                    \
    STORY_EVENT(event_name, application_of(who), .job_id = story_id(THE_JOB), \
                .freelancer_id = story_id(who))
#define application_withdrawn(who) APPLICATION_ENDED(application_withdrawn, who)
#define application_declined(who)  APPLICATION_ENDED(application_declined, who)
#define application_accepted(who)  APPLICATION_ENDED(application_accepted, who)
#define CONTRACT_EVENT(event_name, who, ...)                                     \
    STORY_EVENT(event_name, story_id(THE_CONTRACT), .job_id = story_id(THE_JOB), \
                .client_id = story_id(ANA), .freelancer_id = story_id(who),      \
                .amount = bid_of(who) __VA_OPT__(, ) __VA_ARGS__)
#define freelancer_hired(who) \
    CONTRACT_EVENT(freelancer_hired, who, .application_id = application_of(who))
#define contract_completed(who)        CONTRACT_EVENT(contract_completed, who)
#define contract_cancelled(who, words) CONTRACT_EVENT(contract_cancelled, who, .reason = (words))

/* What a command of a story can say; each command takes what it needs. */
struct job_words {
    unsigned actor;      /* who sends it */
    unsigned freelancer; /* whose application; 0 = the actor's */
    unsigned job;        /* 0 = THE_JOB */
    unsigned command_id; /* 0 = the id that fits */
    const char *reason;
    const char *title;
    int64_t if_match; /* 0 = none */
};

static inline struct command_meta meta_of(const struct job_words *w, unsigned command_id)
{
    return (struct command_meta){
        .command_id = w->command_id               ? story_id(w->command_id)
                      : command_id == ANY_COMMAND ? story_new_id()
                                                  : story_id(command_id),
        .actor = actor_of(w->actor),
        .issued_at = STORY_NOW_US - 1000,
        .has_expected_version = w->if_match != 0,
        .expected_version = w->if_match,
    };
}

static inline struct uuid job_of(const struct job_words *w)
{
    return story_id(w->job ? w->job : THE_JOB);
}

static inline struct uuid application_in(const struct job_words *w)
{
    return application_of(w->freelancer ? w->freelancer : w->actor);
}

#define JOB_COMMAND(command_name, id_that_fits, ...)                                       \
    __extension__({                                                                        \
        struct command_name *command_ = ARENA_NEW(&story.arena, struct command_name);      \
        *command_ = (struct command_name){.meta = meta_of(w, id_that_fits),                \
                                          .job_id = job_of(w) __VA_OPT__(, ) __VA_ARGS__}; \
        (struct record){&type_##command_name, command_};                                   \
    })

static inline struct record post_job_(const struct job_words *w)
{
    return JOB_COMMAND(post_job, THE_JOB, .title = "Logo", .description = "A logo",
                       .budget = BUDGET);
}

static inline struct record edit_job_(const struct job_words *w)
{
    return JOB_COMMAND(edit_job, ANY_COMMAND, .has_title = w->title != NULL, .title = w->title);
}

static inline struct record close_job_(const struct job_words *w)
{
    return JOB_COMMAND(close_job, ANY_COMMAND, .reason = w->reason ? w->reason : "");
}

static inline struct record submit_application_(const struct job_words *w)
{
    return JOB_COMMAND(submit_application, ANY_COMMAND, .cover_letter = "Take me",
                       .bid = bid_of(w->actor));
}

static inline struct record withdraw_application_(const struct job_words *w)
{
    return JOB_COMMAND(withdraw_application, ANY_COMMAND, .application_id = application_in(w));
}

static inline struct record decline_application_(const struct job_words *w)
{
    return JOB_COMMAND(decline_application, ANY_COMMAND, .application_id = application_in(w));
}

static inline struct record hire_freelancer_(const struct job_words *w)
{
    return JOB_COMMAND(hire_freelancer, THE_CONTRACT, .application_id = application_in(w),
                       .contract_id = story_id(THE_CONTRACT));
}

static inline struct record complete_contract_(const struct job_words *w)
{
    return JOB_COMMAND(complete_contract, ANY_COMMAND, .contract_id = story_id(THE_CONTRACT));
}

static inline struct record cancel_contract_(const struct job_words *w)
{
    return JOB_COMMAND(cancel_contract, ANY_COMMAND, .contract_id = story_id(THE_CONTRACT),
                       .reason = w->reason ? w->reason : "");
}

#define post_job(...)             post_job_(&(struct job_words){__VA_ARGS__})
#define edit_job(...)             edit_job_(&(struct job_words){__VA_ARGS__})
#define close_job(...)            close_job_(&(struct job_words){__VA_ARGS__})
#define submit_application(...)   submit_application_(&(struct job_words){__VA_ARGS__})
#define withdraw_application(...) withdraw_application_(&(struct job_words){__VA_ARGS__})
#define decline_application(...)  decline_application_(&(struct job_words){__VA_ARGS__})
#define hire_freelancer(...)      hire_freelancer_(&(struct job_words){__VA_ARGS__})
#define complete_contract(...)    complete_contract_(&(struct job_words){__VA_ARGS__})
#define cancel_contract(...)      cancel_contract_(&(struct job_words){__VA_ARGS__})

#endif
