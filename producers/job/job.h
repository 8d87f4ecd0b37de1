/*
 * job.h - postings, applications, hiring, contracts: three aggregates in the job's partition. Pure.
 *
 * Refusals:
 *   already_exists         the id of what would be created is taken
 *   not_found              no such job, or no such application or contract of that job
 *   not_a_client           only clients post jobs
 *   not_a_freelancer       only freelancers apply
 *   not_the_owner          only the client edits, closes, declines, hires, completes; only its freelancer
 *                          withdraws an application; what is created carries the command's id
 *   not_a_party            only client and freelancer of a contract may end it
 *   own_job                nobody applies for the own job
 *   job_not_open           a filled or closed job stays as it is
 *   already_applied        one live application per freelancer and job
 *   application_declined   a declined application is not sent again (a withdrawn one may be)
 *   too_many_applications  LIVE_APPLICATIONS_MAX are live already
 *   too_many_submissions   the same freelancer sent one and took it back too often: APPLICATION_COMMANDS_MAX
 *                          commands did so
 *   already_done           this very command sent it, or took it back, before; its outcome is forgotten
 *   application_not_live   it was withdrawn, declined or accepted
 *   contract_not_active    it was completed or cancelled
 *   nothing_to_change      EditJob without a member
 */
#ifndef PRODUCERS_JOB_JOB_H
#define PRODUCERS_JOB_JOB_H

#include "producers/decider.h"

#define LIVE_APPLICATIONS_MAX 1000
#define APPLICATION_COMMANDS_MAX \
    100 /* that an application's state remembers: two for each time it was sent */

extern const struct decider job_decider;

/* The one application that a freelancer can have for a job. */
struct uuid application_id_of(const struct uuid *job_id, const struct uuid *freelancer_id);

#endif
