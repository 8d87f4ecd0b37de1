/*
 * letter_list.h - what a service has put aside, a line each, for people and scripts: seven fields with tabs
 * between them.
 *
 *     kind    poison (W6), refused (a reactor's command, X1), unread (an event, by a reactor), parked (P2);
 *             with `all` also skipped (an event that was taken out of a projection)
 *     name    letter_name.h
 *     since   RFC 3339
 *     reason  of the refusal; of a parked aggregate the type of the event, `unreadable` for none
 *     waiting events that stand behind the parked one, else 0
 *     place   topic/partition:offset
 *     detail  what was wrong; of handled ones first who did what, when and why
 *
 * Never logs.
 */
#ifndef CONSUMERS_LETTER_LIST_H
#define CONSUMERS_LETTER_LIST_H

#include "consumers/manifest.h"
#include "ops/runtime/config.h"
#include "ops/runtime/err.h"

#define LETTERS_LISTED_MAX 1000 /* of each kind and service; a last line says that there are more */
#define LETTER_LIST_TITLES "KIND\tNAME\tSINCE\tREASON\tWAITING\tPLACE\tDETAIL\n"

/* Appends the lines, oldest first. all: handled ones, too. */
MUST_CHECK enum err_code letter_list(const struct config *cfg,
                                     const struct service *service,
                                     bool all,
                                     struct strbuf *out,
                                     struct err *err);
/* poison, refused, unread. */
const char *letter_kind_word(bool command, const char *reason);
/* To look at the lists: the service's role, the live generation. Caller owns *ret. */
struct pg;
MUST_CHECK enum err_code letter_pg_open(const struct config *cfg,
                                        const struct service *service,
                                        struct pg **ret,
                                        struct err *err);

#endif
