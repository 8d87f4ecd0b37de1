/*
 * etag.h - entity tags (RFC 9110): `"<version>"` of one resource, `"<version>-<hash>"` where it shows
 * sums over others, too, which change without it; `"b-<hash>"` of a page. Pure.
 */
#ifndef API_ETAG_H
#define API_ETAG_H

#include "ops/runtime/arena.h"

char *etag_version(struct arena *a, int64_t version);
char *etag_summed(struct arena *a, int64_t version, struct bytes body);
char *etag_hash(struct arena *a, struct bytes body);

/* What If-Match asks for. */
enum etag_condition {
    ETAG_NONE, /* no header, or `*`: any version will do; that it exists the decider sees */
    ETAG_VERSION, /* a list whose strong tags of ours have one version; of a summed one the version alone counts: what
                       others changed is none of the command's business */
    ETAG_NEVER,     /* well-formed, but no version of ours can match: weak, or not a number */
    ETAG_MALFORMED, /* not a list of tags, or with two versions: a command can carry one only */
};
enum etag_condition etag_if_match(const char *header, int64_t *ret_version);
/* If-Match of a read: strong comparison with a list of tags, or `*`. etag "" = it has none. */
bool etag_match_hits(const char *header, const char *etag);
/* If-None-Match: the same with weak comparison. header NULL = false. */
bool etag_none_match_hits(const char *header, const char *etag);

#endif
