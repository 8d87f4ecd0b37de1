/*
 * lost_credentials.h - active accounts whose credential is not in the vault: nobody can log in to them. A failover to a standby
 * that lagged, or a vault that was restored from an old dump, makes such accounts. They are counted in steps, since there may be
 * millions of accounts.
 */
#ifndef CONSUMERS_LOST_CREDENTIALS_H
#define CONSUMERS_LOST_CREDENTIALS_H

#include <stdatomic.h>

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/metrics.h"
#include "ops/runtime/pg.h"

#define ACCOUNTS_SEEN_MAX 5000 /* of one step */

/* One thread counts, any thread prints. */
struct lost_credentials {
    const struct service *service; /* NULL: it has no vault, there is nothing to count */
    struct metric *gauge;
    atomic_llong n;   /* -1 = not known */
    int64_t so_far;   /* of this walk */
    struct uuid walk; /* the last account that it has seen */
    int64_t ask_at_us;
};

void lost_credentials_init(struct lost_credentials *c, const struct service *service);
/* Another life of the database may be on the other end of a new connection: what was known is not, and the next step is the first. */
void lost_credentials_restart(struct lost_credentials *c);
/* One step, when it is time to. pg names the live generation; what fails is not known, and pg's other users notice. Logs a number
 * that is not 0, once. */
void lost_credentials_ask(struct lost_credentials *c, struct pg *pg);
/* Appends `"accounts_without_credential":2,`, or nothing when the service has no vault. */
void lost_credentials_print(const struct lost_credentials *c, struct strbuf *out_json);
/* Appends a line for each: user id, e-mail, created_at, with tabs between. ERR_UNAVAILABLE: PostgreSQL is away, or the view is still
 * catching up. Never logs. */
MUST_CHECK enum err_code lost_credentials_list(const struct config *cfg,
                                               const struct service *service,
                                               struct strbuf *out,
                                               struct err *err);

#endif
