/*
 * parts.h - the inside of the job decider: what its table in job.c names from the other files, one
 * block per aggregate.
 */
#ifndef PRODUCERS_JOB_PARTS_H
#define PRODUCERS_JOB_PARTS_H

#include "producers/job/job.h"
#include "schemas/records.h"

/* job.c: NULL when there is none. */
const struct job_state *job_find(const struct decide_input *in, const struct uuid *job_id);
/* Of an open job that the actor owns; NULL = it is one. */
const char *job_refuse(const struct job_state *job, const struct actor *actor);

/* application.c */
reads_fn submit_application_reads, withdraw_application_reads, decline_application_reads;
decide_fn submit_application, withdraw_application, decline_application;
evolve_fn application_submitted, application_withdrawn, application_declined, application_accepted;
fold_target_fn application_job; /* the job of any of these events */
/* NULL when there is none, or when it is another job's. */
const struct application_state *
application_find(const struct decide_input *in, const struct uuid *id, const struct uuid *job_id);
/* ApplicationDeclined for each live application of the job but `spared` (NULL = for all). */
void applications_decline(const struct decide_input *in,
                          const struct uuid *job_id,
                          const struct uuid *spared,
                          struct decision *out);

/* contract.c */
reads_fn hire_freelancer_reads, complete_contract_reads, cancel_contract_reads;
decide_fn hire_freelancer, complete_contract, cancel_contract;
evolve_fn contract_started, contract_completed, contract_cancelled;

#endif
