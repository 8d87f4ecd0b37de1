/*
 * admin.h - the admin port of a process: GET /healthz (alive), /readyz (may it get work, and why
 * not), /metrics (Prometheus). One thread of libmicrohttpd. For the inside of a network: no
 * authentication, nothing secret. Never logs.
 */
#ifndef OPS_RUNTIME_ADMIN_H
#define OPS_RUNTIME_ADMIN_H

#include "ops/runtime/err.h"
#include "ops/runtime/strbuf.h"

struct admin; /* opaque */

/* Appends a JSON object that says what is not ready; true = 200, false = 503. Called on the admin
 * thread; must not block for long. */
typedef bool ready_fn(struct strbuf *out_json, void *arg);

/* port 0 = any free one. `address` is numeric. ERR_INVALID: it cannot listen there. Caller owns
 * *ret. */
MUST_CHECK enum err_code admin_start(
    const char *address, int port, ready_fn *ready, void *arg, struct admin **ret, struct err *err);
int admin_port(const struct admin *a);
void admin_stop(struct admin *a); /* NULL ok; waits for the answers under way; frees */
DEFINE_CLEANUP(struct admin *, admin_stop);

#endif
