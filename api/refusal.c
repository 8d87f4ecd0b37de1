#include "api/refusal.h"

#include <microhttpd.h>
#include <string.h>

const struct refusal refusals[] = {
    {"invalid_credentials", MHD_HTTP_UNAUTHORIZED         },
    {"not_the_owner",       MHD_HTTP_FORBIDDEN            },
    {"not_a_party",         MHD_HTTP_FORBIDDEN            },
    {"not_a_client",        MHD_HTTP_FORBIDDEN            },
    {"not_a_freelancer",    MHD_HTTP_FORBIDDEN            },
    {"own_job",             MHD_HTTP_FORBIDDEN            },
    {"not_found",           MHD_HTTP_NOT_FOUND            },
    {"version_mismatch",    MHD_HTTP_PRECONDITION_FAILED  },
    {"internal",            MHD_HTTP_INTERNAL_SERVER_ERROR},
};
const size_t n_refusals = ARRAY_SIZE(refusals);

unsigned refusal_status(const char *reason)
{
    for (size_t i = 0; i < n_refusals; i++)
        if (strcmp(refusals[i].reason, reason) == 0)
            return refusals[i].status;
    return MHD_HTTP_CONFLICT;
}
