/*
 * routes_parts.h - routes_test.c in pieces: its people, what the pieces have in common, and the
 * tests of each piece.
 */
#ifndef TESTS_E2E_ROUTES_PARTS_H
#define TESTS_E2E_ROUTES_PARTS_H

#include "tests/e2e/http.h"

#define NOBODY "00000000-0000-4000-8000-000000000000"
#define JOB                                                                        \
    "{\"title\":\"Read a log\",\"description\":\"Backwards.\",\"skills\":[\"c\"]," \
    "\"budget\":{\"amount\":150000,\"currency\":\"EUR\"}}"

extern struct person ana, ben, cleo, eve; /* client, two freelancers, a stranger who is both */

/* A path with one id; static buffers, so that several may stand in one call. */
const char *at(const char *before, const char *id, const char *after);
/* The id of the last answer. */
void keep_id(char ret[40]);
void post_job(const struct person *who, char ret_id[40]);
void apply_for(const struct person *who, const char *job, char ret_id[40]);
void hire(const struct person *who, const char *application, int expected);
/* Header lines that make a read wait for what the last answer told. Static buffer. */
const char *after_that(void);
/* What reactors bring comes by itself: asks until the list is not empty, or the resource there. */
void await_some(const struct person *who, const char *path);
void await_found(const struct person *who, const char *path);

typedef void route_test(void **state);
/* routes_profiles.c */
route_test profiles_appear_by_themselves, a_client_profile_is_its_owners_to_change;
route_test a_client_lists_all_its_jobs, a_freelancer_profile_is_its_owners_to_change;
route_test freelancers_are_found, a_freelancer_follows_its_applications;
route_test a_read_waits_for_what_another_service_tells;
route_test jobs_are_found_best_first, a_cursor_belongs_to_its_kind_of_list;
route_test filters_are_checked, what_is_parked_is_not_shown;
route_test what_is_parked_is_not_called_absent;
/* routes_messages.c */
route_test two_people_write_to_each_other, a_thread_is_not_for_strangers;
route_test a_message_needs_somebody_else;
/* routes_payments.c */
route_test a_completed_contract_is_invoiced_and_paid_in_parts;
route_test a_refund_is_at_most_what_was_paid, an_unpaid_invoice_can_be_taken_back;
route_test money_is_not_for_strangers;

#endif
