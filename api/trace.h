/* trace.h - W3C Trace Context: the traceparent that a command carries. Pure. */
#ifndef API_TRACE_H
#define API_TRACE_H

#include <stdbool.h>

#define TRACEPARENT_LEN 55

/* As version 00 says it, also what a later version says first (W3C Trace Context 4.3). False: it is not valid
 * and is not carried. */
bool trace_parent_parse(const char *text, char ret[TRACEPARENT_LEN + 1]);

#endif
