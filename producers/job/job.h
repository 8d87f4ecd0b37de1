/* job.h - postings, applications, hiring, contracts: three aggregates in the job's partition. Pure. */
#ifndef PRODUCERS_JOB_JOB_H
#define PRODUCERS_JOB_JOB_H

#include "producers/decider.h"

#define LIVE_APPLICATIONS_MAX 1000

extern const struct decider job_decider;

#endif
