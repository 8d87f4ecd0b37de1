/*
 * letter_retry.h - a dead letter is sent again (W6, X1), or taken off the list. Never logs.
 *
 * A letter's command is sent again as a new command: the same payload and actor under an id made from the letter's
 * place (letter_retry_id), issued when the letter was first sent again, to the partition of its key; what it creates
 * has the new id, too (I1). There is one such command per letter, ever. It cannot be applied twice:
 *   - Whoever sends it again - a second person, the same one after a crash, the brokers after an unclear answer - sends
 *     the same id, and the lane skips what has an outcome (I3). An outcome stays for outcome_retention.
 *   - issued_at was written down, with a synchronous commit, before the first sending. A copy that the lane meets later
 *     than command_ttl after that is rejected as `expired` (I4), long before the outcome is forgotten. And
 *     nobody sends again what was first sent so long ago that it might be: ERR_CONFLICT, a person looks.
 *   - When it is refused again it is a dead letter of its own, at its new place, and only that one is sent from then
 *     on (by another id): the old one is closed in the same transaction. So of a chain of letters each
 *     link was refused before the next could be sent.
 *   - A view that was lost and made anew from the log knows outcomes again, not what people did: the letter is back on
 *     the list, its retry has the same id as before.
 *
 * An event that a reactor could not read is read again: what it causes has the id that the reactor would have given it
 * (X1), which makes it harmless as above.
 */
#ifndef CONSUMERS_LETTER_RETRY_H
#define CONSUMERS_LETTER_RETRY_H

#include "consumers/letter_name.h"
#include "ops/runtime/config.h"

#define LETTER_NOTE_MAX 512

/* The id of the one command that a letter is sent again as. */
struct uuid letter_retry_id(const struct letter_name *n);

struct letter_result {
    bool applied; /* or there was nothing to do, or a reactor's wish was fulfilled already */
    char note[LETTER_NOTE_MAX]; /* what became of it, for people; kept with the letter */
};

/*
 * Sends n (COMMAND, EVENT) again and waits for the outcome, at most wait_max_s. ERR_OK: the letter is off the
 * list, *ret says why; refused again it is there under another name, which the note tells.
 * ERR_NOT_FOUND: no such letter, or its bytes are kept nowhere. ERR_CORRUPT: it still cannot be read, or is no
 * command of the service. ERR_REJECTED: only its sender can send it again (a registration). ERR_CONFLICT: handled already, or sent too long ago to know. ERR_UNAVAILABLE: something is
 * away, or the outcome is not known yet: the same call again.
 */
MUST_CHECK enum err_code letter_retry(const struct config *cfg,
                                      const struct letter_name *n,
                                      const char *by,
                                      struct letter_result *ret,
                                      struct err *err);

/* Off the list without doing anything, with who and why. ERR_NOT_FOUND, ERR_CONFLICT as above. */
MUST_CHECK enum err_code letter_skip(const struct config *cfg,
                                     const struct letter_name *n,
                                     const char *by,
                                     const char *reason,
                                     struct err *err);

#endif
