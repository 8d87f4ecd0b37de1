/*
 * http_clauses_test.c - RFC 9110, 9111 and 9112, clause by clause: what is sent, byte by byte, and
 * what an origin server answers. Each row names its clause. Every row is told twice: by a client that
 * keeps its side open, and by one that closes its side behind the request (RFC 9112 9.6).
 */
#include "tests/unit/spec.h"

#include <stdio.h>
#include <string.h>

#include "tests/e2e/http.h"
#include "tests/e2e/wire.h"

#define TO(target) "GET " target " HTTP/1.1\r\nHost: a\r\n"
#define JOBS       TO("/api/jobs/?page_size=1")
#define PROFILE    TO("/api/profile/")
#define JOB        TO("/api/jobs/$JOB/")
#define LOGIN      "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
#define CREATE                                                                       \
    "POST /api/jobs/create/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $TOKEN\r\n" \
    "Content-Type: application/json\r\n"
#define EDIT                                                                        \
    "PATCH /api/jobs/$JOB/ HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer $TOKEN\r\n" \
    "Content-Type: application/json\r\nContent-Length: 16\r\n"
#define CHANGE  "{\"title\": \"Job\"}"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define TEXT_100                                                                                   \
    "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "23456789"
#define TEXT_1000 \
    TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100 TEXT_100
#define TEXT_8000 TEXT_1000 TEXT_1000 TEXT_1000 TEXT_1000 TEXT_1000 TEXT_1000 TEXT_1000 TEXT_1000

/*
 * request: $JOB, $TOKEN and $TAG stand for the id of a job, a session of its owner, its entity tag.
 * answers: the statuses in their order; a final `.`: then the server closes, else it serves one request
 * more. field: begins a line in the last head; with `!` before it: begins none.
 */
static const struct row {
    const char *clause, *request, *answers, *field;
} rows[] = {
#define ROW(...)    \
    {               \
        __VA_ARGS__ \
    }
    /* ---- the request line */
    ROW("9112 2.2 an empty line before the request line", "\r\n" JOBS "\r\n", "200", NULL),
    ROW("9112 2.2 LF alone need not end a line",
        "GET /api/jobs/?page_size=1 HTTP/1.1\nHost: a\n\n",
        "400.",
        NULL),
    ROW("9112 2.2 CR alone ends no line", JOBS "X: a\rY: b\r\n\r\n", "400.", NULL),
    ROW("9112 2.2 CR alone in the request line",
        "GET /api/jobs/ HTTP/1.1\rHost: a\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 2.2 blanks before the first field",
        "GET /api/jobs/ HTTP/1.1\r\n Host: a\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 3 blanks in a row", "GET  /api/jobs/  HTTP/1.1\r\nHost: a\r\n\r\n", "400.", NULL),
    ROW("9112 3 a tab", "GET\t/api/jobs/\tHTTP/1.1\r\nHost: a\r\n\r\n", ".", NULL),
    ROW("9112 3 no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", "400.", NULL),
    ROW("9112 3 no version", "GET /api/jobs/\r\nHost: a\r\n\r\n", "400.", NULL),
    ROW("9112 3 a method alone", "GET\r\n\r\n", ".", NULL),
    ROW("9112 3 a blank in the target", TO("/api/jobs/?q=a b") "\r\n", "400.", NULL),
    ROW("9112 3 a target of 8000 octets", TO("/api/" TEXT_8000) "\r\n", "404", NULL),
    ROW("9110 15.5.15 a target that is too long",
        TO("/api/jobs/?_=" TEXT_8000 TEXT_8000 TEXT_8000) "\r\n",
        "414.",
        NULL),
    ROW("9110 15.5.22 fields that are too long (6585 5)",
        JOBS "X: " TEXT_8000 TEXT_8000 TEXT_8000 "\r\n\r\n",
        "431.",
        NULL),

    /* ---- versions */
    ROW("9110 2.5 HTTP/1.0", "GET /api/jobs/?page_size=1 HTTP/1.0\r\n\r\n", "200.", NULL),
    ROW("9110 2.5 a higher minor version",
        "GET /api/jobs/?page_size=1 HTTP/1.2\r\nHost: a\r\n\r\n",
        "200",
        NULL),
    ROW("9110 15.6.6 another major version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505.", NULL),
    ROW("9110 15.6.6 the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505.", NULL),
    ROW("9110 15.6.6 HTTP/0.1", "GET / HTTP/0.1\r\nHost: a\r\n\r\n", "505.", NULL),
    ROW("9112 2.3 a minor version of two digits",
        "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 2.3 the name in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n", "400.", NULL),

    /* ---- methods */
    ROW("9110 9.1 an unknown method", "BREW /api/jobs/ HTTP/1.1\r\nHost: a\r\n\r\n", "501", NULL),
    ROW("9110 9.1 methods have their case",
        "get /api/jobs/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "501",
        NULL),
    ROW("9110 9.1 a method that is no token",
        "G(T /api/jobs/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "400.",
        NULL),
    ROW("9110 15.5.6 a method of others here",
        "DELETE /api/jobs/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "405",
        "Allow: GET, HEAD, OPTIONS"),
    ROW("9110 15.5.6 PUT",
        "PUT /api/jobs/$JOB/ HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
        "405",
        "Allow: "),
    ROW("9110 9.3.7 OPTIONS of a resource",
        "OPTIONS /api/jobs/$JOB/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "204",
        "Allow: GET, HEAD, PATCH, OPTIONS"),
    ROW("9110 9.3.7 OPTIONS of what is not there",
        "OPTIONS /api/nothing/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "404",
        NULL),
    ROW("9110 9.3.7 OPTIONS of the server",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "204",
        "Allow: GET, HEAD"),
    ROW("9112 3.2.4 the same as a proxy may say it",
        "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n",
        "204",
        "Allow: GET, HEAD"),
    ROW("9110 9.3.8 TRACE", "TRACE /api/jobs/ HTTP/1.1\r\nHost: a\r\n\r\n", "501", NULL),
    ROW("9110 9.3.6 CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "501", NULL),
    ROW("9110 9.3.2 HEAD has no body",
        "HEAD /api/jobs/?page_size=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "200",
        "Content-Length: "),
    ROW("9110 9.3.2 HEAD of an error",
        "HEAD /api/nothing/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "404",
        "Content-Length: "),
    ROW("9110 9.3.1 GET with a body", JOBS "Content-Length: 2\r\n\r\n{}", "200", NULL),

    /* ---- targets */
    ROW("9112 3.2.2 absolute-form", TO("http://a/api/jobs/?page_size=1") "\r\n", "200", NULL),
    ROW("9112 3.2.2 the scheme in capitals, https, a port",
        TO("HTTPS://a:443/api/jobs/") "\r\n",
        "200",
        NULL),
    ROW("9112 3.2.2 Host is not looked at",
        "GET http://a/api/jobs/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "200",
        NULL),
    ROW("9112 3.2.2 the redirection keeps path and query",
        TO("http://a/api/jobs?page_size=1") "\r\n",
        "308",
        "Location: /api/jobs/?page_size=1"),
    ROW("9110 4.2.3 an empty path is /", TO("http://a?x") "\r\n", "404", NULL),
    ROW("9110 4.2.1 an empty host", TO("http:///api/jobs/") "\r\n", "400", NULL),
    ROW("9110 4.2.4 user information", TO("http://ann@a/api/jobs/") "\r\n", "400", NULL),
    ROW("9110 7.4 another scheme", TO("ftp://a/api/jobs/") "\r\n", "400", NULL),
    ROW("9112 3.2.3 authority-form is CONNECT's", TO("a:80") "\r\n", "400", NULL),
    ROW("9112 3.2.4 asterisk-form is OPTIONS's", TO("*") "\r\n", "400", NULL),
    ROW("9112 3.2.1 no slash", TO("api/jobs/") "\r\n", "400", NULL),
    ROW("9112 3.2.1 a query alone", TO("?page_size=1") "\r\n", "400", NULL),
    ROW("9112 3.2 a fragment", TO("/api/jobs/#top") "\r\n", "400", NULL),
    ROW("3986 2.1 a bad escape in the path", TO("/api/%zz/") "\r\n", "400", NULL),
    ROW("3986 2.1 half an escape", TO("/api/jobs/%4") "\r\n", "400", NULL),
    ROW("3986 2.1 a bad escape in the query", TO("/api/jobs/?q=%G1") "\r\n", "400", NULL),
    ROW("3986 2.1 U+0000", TO("/api/jobs/%00/") "\r\n", "400", NULL),
    ROW("3986 2 octets that are no characters", TO("/api/jobs/?q=caf\xc3\xa9") "\r\n", "400", NULL),
    ROW("3986 2 characters that have to be escaped", TO("/api/jobs/?q=<b>") "\r\n", "400", NULL),
    ROW("3986 2.1 escapes in either case", TO("/api/jobs/?q=caf%c3%A9") "\r\n", "200", NULL),
    ROW("9110 15.4.9 the path without its slash",
        TO("/api/jobs") "\r\n",
        "308",
        "Location: /api/jobs/"),

    /* ---- Host */
    ROW("9112 3.2 no Host", "GET /api/jobs/ HTTP/1.1\r\n\r\n", "400.", NULL),
    ROW("9112 3.2 Host twice", TO("/api/jobs/") "host: a\r\n\r\n", "400.", NULL),
    ROW("9112 3.2 an empty Host",
        "GET /api/jobs/?page_size=1 HTTP/1.1\r\nHost:\r\n\r\n",
        "200",
        NULL),
    ROW("9110 7.2 a port",
        "GET /api/jobs/?page_size=1 HTTP/1.1\r\nHost: a:8080\r\n\r\n",
        "200",
        NULL),
    ROW("9110 7.2 an empty port",
        "GET /api/jobs/?page_size=1 HTTP/1.1\r\nHost: a:\r\n\r\n",
        "200",
        NULL),
    ROW("9110 7.2 an address",
        "GET /api/jobs/?page_size=1 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "200",
        NULL),
    ROW("9112 3.2 a port that is none",
        "GET /api/jobs/ HTTP/1.1\r\nHost: a:b\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 3.2 two hosts in one", "GET /api/jobs/ HTTP/1.1\r\nHost: a, b\r\n\r\n", "400.", NULL),
    ROW("9112 3.2 a path", "GET /api/jobs/ HTTP/1.1\r\nHost: a/b\r\n\r\n", "400.", NULL),
    ROW("9112 3.2 user information", "GET /api/jobs/ HTTP/1.1\r\nHost: u@a\r\n\r\n", "400.", NULL),

    /* ---- fields */
    ROW("9112 5 no blank behind the colon",
        "GET /api/jobs/?page_size=1 HTTP/1.1\r\nHost:a\r\n\r\n",
        "200",
        NULL),
    ROW("9112 5.1 blanks around a value",
        PROFILE "Authorization: \t Bearer $TOKEN \t \r\n\r\n",
        "200",
        NULL),
    ROW("9112 5.1 blanks behind Host",
        "GET /api/jobs/?page_size=1 HTTP/1.1\r\nHost: a \t\r\n\r\n",
        "200",
        NULL),
    ROW("9112 5.1 blanks behind a tag", JOB "If-None-Match: $TAG  \r\n\r\n", "304", NULL),
    ROW("9112 5.1 a blank before the colon", JOBS "X : a\r\n\r\n", "400.", NULL),
    ROW("9112 5.1 no name", JOBS ": a\r\n\r\n", "400.", NULL),
    ROW("9112 5.1 no colon", JOBS "nonsense\r\n\r\n", "400.", NULL),
    ROW("9110 5.1 names in any case", PROFILE "aUTHORIZATION: Bearer $TOKEN\r\n\r\n", "200", NULL),
    ROW("9110 5.1 a name that is no token", JOBS "a{b}: c\r\n\r\n", "400.", NULL),
    ROW("9110 5.1 unknown fields", JOBS "Whatever: this\r\n\r\n", "200", NULL),
    ROW("9112 5.2 a folded line", JOBS "X: a\r\n b\r\n\r\n", "400.", NULL),
    ROW("9112 5.2 a fold makes no name",
        PROFILE "Authorizatio: Bearer $TOKEN\r\n n\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 5.2 a fold of the length", LOGIN "Content-Length: 2\r\n 0\r\n\r\n{}", "400.", NULL),
    ROW("9110 5.5 octets beyond ASCII", JOBS "X: caf\xe9 \xc3\xa9\r\n\r\n", "200", NULL),
    ROW("9110 5.5 controls", JOBS "X: a\x01\r\n\r\n", "400.", NULL),
    ROW("9110 5.5 DEL", JOBS "X: a\x7f\r\n\r\n", "400.", NULL),
    ROW("9110 5.5 an empty value", JOBS "X:\r\nY: \r\n\r\n", "200", NULL),
    ROW("9110 5.3 a field that may stand once",
        PROFILE "Authorization: Bearer $TOKEN\r\nauthorization: x\r\n\r\n",
        "400.",
        NULL),
    ROW("9110 5.6.1 empty elements", JOB "If-None-Match: , \"x\" ,,\t$TAG ,\r\n\r\n", "304", NULL),
    ROW("9110 5.3 a list in several lines",
        JOB "If-None-Match: \"x\"\r\nIf-None-Match: $TAG\r\n\r\n",
        "304",
        NULL),
    ROW("9110 5.6.4 a comma in a quoted string",
        JOBS "Hirelog-After: job/0:0\r\nPrefer: foo=\"a, wait=9\", wait=1\r\n\r\n",
        "200",
        "Preference-Applied: wait=1\r"),
    ROW("9110 5.6.4 a quoted pair",
        JOBS "Hirelog-After: job/0:0\r\nPrefer: foo=\"\\\", wait=9\", wait=1\r\n\r\n",
        "200",
        "Preference-Applied: wait=1\r"),
    ROW("7240 2 a semicolon in a quoted string",
        JOBS "Hirelog-After: job/0:0\r\nPrefer: foo=\"; wait=9\"; a=\"b\", wait=1\r\n\r\n",
        "200",
        "Preference-Applied: wait=1\r"),
    ROW("7240 2 the first one counts",
        JOBS "Hirelog-After: job/0:0\r\nPrefer: WAIT=1\r\nPrefer: wait=2\r\n\r\n",
        "200",
        "Preference-Applied: wait=1\r"),

    /* ---- who asks */
    ROW("9110 11.1 a scheme in any case",
        PROFILE "Authorization: bearer $TOKEN\r\n\r\n",
        "200",
        NULL),
    ROW("9110 11.4 blanks behind it",
        PROFILE "Authorization: BEARER   $TOKEN\r\n\r\n",
        "200",
        NULL),
    ROW("9110 11.6.1 no credentials", PROFILE "\r\n", "401", "WWW-Authenticate: Bearer"),
    ROW("9110 11.6.2 an empty value",
        PROFILE "Authorization:\r\n\r\n",
        "401",
        "WWW-Authenticate: Bearer"),
    ROW("9110 11.6.2 another scheme",
        PROFILE "Authorization: Basic YTpi\r\n\r\n",
        "401",
        "WWW-Authenticate: Bearer"),
    ROW("6750 2.1 no token",
        PROFILE "Authorization: Bearer\r\n\r\n",
        "401",
        "WWW-Authenticate: Bearer"),
    ROW("9111 5.2.2.5 nobody keeps an answer",
        PROFILE "Authorization: Bearer $TOKEN\r\n\r\n",
        "200",
        "Cache-Control: no-store"),

    /* ---- where a body ends */
    ROW("9112 6.3 neither length nor coding", LOGIN "\r\n", "400", NULL),
    ROW("9112 6.3 a length of 0", LOGIN "Content-Length: 0\r\n\r\n", "400", NULL),
    ROW("9112 6.3 blanks around a length", LOGIN "Content-Length: \t2 \r\n\r\n{}", "400", NULL),
    ROW("9110 8.6 leading zeros", LOGIN "Content-Length: 0002\r\n\r\n{}", "400", NULL),
    ROW("9112 6.3 a sign", LOGIN "Content-Length: +2\r\n\r\n{}", "400.", NULL),
    ROW("9112 6.3 a negative length", LOGIN "Content-Length: -1\r\n\r\n", "400.", NULL),
    ROW("9112 6.3 an empty length", LOGIN "Content-Length:\r\n\r\n", "400.", NULL),
    ROW("9112 6.3 hexadecimal", LOGIN "Content-Length: 0x2\r\n\r\n{}", "400.", NULL),
    ROW("9112 6.3 a fraction", LOGIN "Content-Length: 2.0\r\n\r\n{}", "400.", NULL),
    ROW("9112 6.3 a list", LOGIN "Content-Length: 2, 2\r\n\r\n{}", "400.", NULL),
    ROW("9112 6.3 two that differ",
        LOGIN "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "400.",
        NULL),
    ROW("9112 6.3 two that do not",
        LOGIN "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "400.",
        NULL),
    ROW("9110 8.6 a length beyond 64 bits",
        LOGIN "Content-Length: 99999999999999999999999\r\n\r\n",
        "413.",
        NULL),
    ROW("9110 15.5.14 a length that is too much",
        LOGIN "Content-Length: 262145\r\n\r\n",
        "413.",
        NULL),
    ROW("9112 6.3 length and coding",
        LOGIN "Content-Length: 2\r\n" CHUNKED "0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 6.3 the other way round",
        LOGIN "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 7.1 chunks", LOGIN CHUNKED "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", "400", NULL),
    ROW("9112 7.1 digits in either case, leading zeros",
        LOGIN CHUNKED "00a\r\n{       \r\n\r\n0B\r\n         }\n\r\n000\r\n\r\n",
        "400",
        NULL),
    ROW("9112 7.1.1 extensions",
        LOGIN CHUNKED "2;a;b=c;d=\"e;f\"\r\n{}\r\n0;x\r\n\r\n",
        "400",
        NULL),
    ROW("9112 7.1.2 trailers",
        LOGIN CHUNKED "2\r\n{}\r\n0\r\nX: y\r\nHost: b\r\nContent-Length: 7\r\n\r\n",
        "400",
        NULL),
    ROW("9110 6.5.1 a trailer is no header",
        "GET /api/profile/ HTTP/1.1\r\nHost: a\r\n" CHUNKED
        "0\r\nAuthorization: Bearer $TOKEN\r\n\r\n",
        "401",
        NULL),
    ROW("9112 7 codings in any case",
        LOGIN "Transfer-Encoding: CHUNKED \r\n\r\n0\r\n\r\n",
        "400",
        NULL),
    ROW("9112 7.1 no digits", LOGIN CHUNKED "g\r\n{}\r\n0\r\n\r\n", "400.", NULL),
    ROW("9112 7.1 a negative size", LOGIN CHUNKED "-2\r\n{}\r\n0\r\n\r\n", "400.", NULL),
    ROW("9112 7.1 a prefix", LOGIN CHUNKED "0x2\r\n{}\r\n0\r\n\r\n", "400.", NULL),
    ROW("9112 7.1 an empty size", LOGIN CHUNKED "\r\n{}\r\n0\r\n\r\n", "400.", NULL),
    ROW("9112 7.1 a size beyond 64 bits",
        LOGIN CHUNKED "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "413.",
        NULL),
    ROW("9112 7.1 more data than said", LOGIN CHUNKED "2\r\n{}x\r\n0\r\n\r\n", "400.", NULL),
    ROW("9112 6.1 the last coding is not chunked",
        LOGIN "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 6.1 a coding that is unknown",
        LOGIN "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 7.1 chunked twice",
        LOGIN "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 6.1 a coding that is nearly chunked",
        LOGIN "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 6.1 a coding in HTTP/1.0",
        "POST /api/login/ HTTP/1.0\r\n" CHUNKED "0\r\n\r\n",
        "400.",
        NULL),
    ROW("9112 6.3 in an empty list element",
        LOGIN "Transfer-Encoding: , chunked\r\n\r\n0\r\n\r\n",
        "400.",
        NULL),

    /* ---- bodies */
    ROW("9110 8.3 parameters", LOGIN "Content-Length: 2\r\nX: y\r\n\r\n{}", "400", NULL),
    ROW("9110 8.3.1 types in any case, blanks, a quoted value",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: Application/JSON ; "
        "Charset=\"UTF-8\"\r\nContent-Length: 2\r\n\r\n{}",
        "400",
        NULL),
    ROW("9110 5.6.6 a parameter in a quoted string is none",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; x=\"; "
        "charset=utf-16\"\r\nContent-Length: 2\r\n\r\n{}",
        "400",
        NULL),
    ROW("9110 8.3.2 another charset",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; "
        "charset=utf-8x\r\nContent-Length: 2\r\n\r\n{}",
        "415",
        NULL),
    ROW("9110 15.5.16 another type",
        "POST /api/login/ HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: "
        "2\r\n\r\n{}",
        "415",
        NULL),
    ROW("9110 8.4 a content coding",
        LOGIN "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        "415",
        NULL),
    ROW("9110 8.4.1 identity",
        LOGIN "Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}",
        "400",
        NULL),

    /* ---- conditions */
    ROW("9110 13.1.2 the same tag", JOB "If-None-Match: $TAG\r\n\r\n", "304", "ETag: $TAG"),
    ROW("9110 15.4.5 what 304 carries", JOB "If-None-Match: $TAG\r\n\r\n", "304", "Date: "),
    ROW("9110 15.4.5 and how it is kept",
        JOB "If-None-Match: $TAG\r\n\r\n",
        "304",
        "Cache-Control: no-store"),
    ROW("9110 15.4.5 and what not", JOB "If-None-Match: $TAG\r\n\r\n", "304", "!Content-Type"),
    ROW("9110 13.1.2 weak comparison", JOB "If-None-Match: W/$TAG\r\n\r\n", "304", NULL),
    ROW("9110 13.1.2 any", JOB "If-None-Match: *\r\n\r\n", "304", NULL),
    ROW("9110 13.1.2 another tag", JOB "If-None-Match: \"x\"\r\n\r\n", "200", NULL),
    ROW("9110 8.8.3 a comma in a tag", JOB "If-None-Match: \"a,b\", $TAG\r\n\r\n", "304", NULL),
    ROW("9110 8.8.3 W has its case", JOB "If-None-Match: w/$TAG\r\n\r\n", "200", NULL),
    ROW("9110 13.1.2 an asterisk is not one of a list",
        JOB "If-None-Match: *, \"x\"\r\n\r\n",
        "200",
        NULL),
    ROW("9110 13.1.2 HEAD, too",
        "HEAD /api/jobs/$JOB/ HTTP/1.1\r\nHost: a\r\nIf-None-Match: $TAG\r\n\r\n",
        "304",
        NULL),
    ROW("9110 13.1.2 of what is not there",
        TO("/api/jobs/01890000-0000-7000-8000-000000000000/") "If-None-Match: *\r\n\r\n",
        "404",
        NULL),
    ROW("9110 13.1.3 If-Modified-Since is passed over",
        JOB "If-None-Match: \"x\"\r\nIf-Modified-Since: Sat, 29 Oct 2050 19:43:31 GMT\r\n\r\n",
        "200",
        NULL),
    ROW("9110 13.1.3 nothing has a date",
        JOB "If-Modified-Since: Sat, 29 Oct 2050 19:43:31 GMT\r\n\r\n",
        "200",
        NULL),
    ROW("9110 13.1.4 nor for If-Unmodified-Since",
        JOB "If-Unmodified-Since: Sat, 29 Oct 1994 19:43:31 GMT\r\n\r\n",
        "200",
        NULL),
    ROW("9110 13.1.1 If-Match holds", JOB "If-Match: \"x\", $TAG\r\n\r\n", "200", NULL),
    ROW("9110 13.1.1 any", JOB "If-Match: *\r\n\r\n", "200", NULL),
    ROW("9110 13.1.1 If-Match does not hold", JOB "If-Match: \"x\"\r\n\r\n", "412", NULL),
    ROW("9110 13.1.1 strong comparison", JOB "If-Match: W/$TAG\r\n\r\n", "412", NULL),
    ROW("9110 13.2.2 If-Match comes first",
        JOB "If-Match: \"x\"\r\nIf-None-Match: $TAG\r\n\r\n",
        "412",
        NULL),
    ROW("9110 13.2.2 then If-None-Match",
        JOB "If-Match: $TAG\r\nIf-None-Match: $TAG\r\n\r\n",
        "304",
        NULL),
    ROW("9110 13.2.1 of what is not there",
        TO("/api/jobs/01890000-0000-7000-8000-000000000000/") "If-Match: \"x\"\r\n\r\n",
        "404",
        NULL),
    ROW("9110 13.1.1 a change that does not hold",
        EDIT "If-Match: \"999\"\r\n\r\n" CHANGE,
        "412",
        NULL),
    ROW("9110 13.1.1 a weak tag never holds", EDIT "If-Match: W/\"1\"\r\n\r\n" CHANGE, "412", NULL),
    ROW("9110 13.1.1 a list of which one is a version",
        EDIT "If-Match: W/\"1\", \"x\",\t$TAG,\r\n\r\n" CHANGE,
        "200",
        NULL),
    ROW("9110 13.1.1 any, of a change", EDIT "If-Match: *\r\n\r\n" CHANGE, "200", NULL),
    ROW("9110 13.1.2 only where nothing is", EDIT "If-None-Match: *\r\n\r\n" CHANGE, "412", NULL),
    ROW("9110 13.1.2 a change of anything but",
        EDIT "If-None-Match: \"999\"\r\n\r\n" CHANGE,
        "400",
        NULL),
    ROW("9110 13.1.1 a condition is never passed over",
        CREATE "If-Match: \"1\"\r\nContent-Length: 2\r\n\r\n{}",
        "400",
        NULL),
    ROW("9110 13.1.1 what is no tag", EDIT "If-Match: 1\r\n\r\n" CHANGE, "400", NULL),
    ROW("9110 14.2 Range is passed over",
        JOB "Range: bytes=0-1\r\nIf-Range: $TAG\r\n\r\n",
        "200",
        "!Content-Range"),

    /* ---- what else may be asked */
    ROW("9110 10.1.1 an expectation that is unknown",
        JOBS "Expect: miracles\r\n\r\n",
        "417.",
        NULL),
    ROW("9110 10.1.1 one of several",
        LOGIN "Expect: 100-continue, miracles\r\nContent-Length: 2\r\n\r\n{}",
        "417.",
        NULL),
    ROW("9110 10.1.1 in any case, and the body is there",
        LOGIN "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}",
        "400",
        NULL),
    ROW("9110 10.1.1 no body to wait for", JOBS "Expect: 100-continue\r\n\r\n", "200", NULL),
    ROW("9110 10.1.1 nothing of HTTP/1.0 is expected",
        "POST /api/login/ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        "400.",
        NULL),
    ROW("9110 12.5.1 Accept is passed over",
        JOBS "Accept: text/html\r\nAccept-Encoding: gzip, identity;q=0\r\nAccept-Language: "
             "xx\r\nAccept-Charset: latin1\r\n\r\n",
        "200",
        "Content-Type: application/json"),
    ROW("9110 7.8 Upgrade is passed over",
        JOBS "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
             "AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        "200",
        NULL),
    ROW("9110 10.1.4 TE is passed over",
        JOBS "TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n\r\n",
        "200",
        NULL),
    ROW("9110 7.6.2 Max-Forwards is a proxy's",
        JOBS "Max-Forwards: 0\r\nVia: 1.1 b\r\n\r\n",
        "200",
        NULL),
    ROW("9110 6.6.1 Date", JOBS "\r\n", "200", "Date: "),
    ROW("9110 10.2.4 no banner", JOBS "\r\n", "200", "!Server"),

    /* ---- connections */
    ROW("9112 9.6 close", JOBS "Connection: close\r\n\r\n", "200.", "Connection: close"),
    ROW("9112 9.6 close in a list, in any case",
        JOBS "Connection: keep-alive, Close\r\n\r\n",
        "200.",
        "Connection: close"),
    ROW("9112 9.6 close in a second line",
        JOBS "Connection: x\r\nConnection: close\r\n\r\n",
        "200.",
        "Connection: close"),
    ROW("9112 9.3 HTTP/1.0 that stays",
        "GET /api/jobs/?page_size=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "200",
        "Connection: Keep-Alive"),
    ROW("9112 9.3.2 pipelined, in order",
        JOBS "\r\n" TO("/api/nothing/") "\r\n" TO("/openapi.json") "\r\n" JOB
                                                                   "\r\n" TO("/api/jobs") "\r\n",
        "200 404 200 200 308",
        NULL),
    ROW("9112 9.3.2 pipelined changes",
        CREATE "Content-Length: 2\r\n\r\n{}" LOGIN CHUNKED "2\r\n{}\r\n0\r\n\r\n" EDIT
               "\r\n" CHANGE JOB "\r\n",
        "400 400 200 200",
        NULL),
    ROW("9112 9.3.2 nothing behind close",
        JOBS "Connection: close\r\n\r\n" JOBS "\r\n",
        "200.",
        NULL),
    ROW("9112 8 half a request line", "GET /api/jobs/", ".", NULL),
    ROW("9112 8 half a header", JOBS "X: y", ".", NULL),
    ROW("9112 8 half a body", LOGIN "Content-Length: 3\r\n\r\n{}", ".", NULL),
    ROW("9112 8 half a chunk", LOGIN CHUNKED "5\r\n{}", ".", NULL),
};

static struct person ana;
static char job_id[40], job_tag[64];

#define SPOKEN_MAX   (64 * 1024)
#define STATUSES_MAX 64

/* The request with its names filled in. */
static const char *spoken(const char *request)
{
    static char out[SPOKEN_MAX];
    const struct {
        const char *name, *value;
    } names[] = {
        {"$JOB",   job_id   },
        {"$TOKEN", ana.token},
        {"$TAG",   job_tag  },
    };
    size_t n = 0;
    for (const char *p = request; *p;) {
        size_t i = 0;
        while (i < ARRAY_SIZE(names) && strncmp(p, names[i].name, strlen(names[i].name)) != 0)
            i++;
        const char *from = i < ARRAY_SIZE(names) ? names[i].value : p;
        size_t len = i < ARRAY_SIZE(names) ? strlen(from) : 1;
        assert_true(n + len < sizeof(out));
        memcpy(out + n, from, len);
        n += len;
        p += i < ARRAY_SIZE(names) ? strlen(names[i].name) : 1;
    }
    out[n] = '\0';
    return out;
}

/* As many as expected, and what the connection is good for behind them. */
static void answers_hear(struct wire *w, const struct row *r, bool ends, char ret[STATUSES_MAX])
{
    static const char probe[] = JOBS "\r\n";
    bool closes = strchr(r->answers, '.') != NULL, head_only = strncmp(r->request, "HEAD", 4) == 0;
    size_t n = 0, expected = strcspn(r->answers, ".");
    ret[0] = '\0';
    while (n < expected) {
        int status = wire_answer(w, head_only);
        if (status == 0)
            break;
        if (status != 100) /* whether the body came with the header is the network's affair */
            n += (size_t)snprintf(ret + n, STATUSES_MAX - n, "%s%d", n ? " " : "", status);
    }
    if (closes || ends) {
        (void)snprintf(ret + n, STATUSES_MAX - n, "%s", wire_is_over(w) ? closes ? "." : "" : "+");
        return;
    }
    char head[WIRE_HEAD_MAX];
    memcpy(head, w->head, WIRE_HEAD_MAX);
    wire_say(w, probe, strlen(probe));
    if (wire_answer(w, false) != 200)
        (void)snprintf(ret + n, STATUSES_MAX - n, ".");
    memcpy(w->head, head, WIRE_HEAD_MAX);
}

static bool field_is_right(const struct wire *w, const char *field)
{
    if (!field)
        return true;
    return field[0] == '!' ? !wire_head_has(w, field + 1) : wire_head_has(w, spoken(field));
}

/* Some rows change the job. */
static void tag_learn(void)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/api/jobs/%s/", job_id);
    http_ask(NULL, "GET", path, NULL, "", 200);
    (void)snprintf(job_tag, sizeof(job_tag), "%s", http_header("ETag"));
}

/* False: said, with the clause. ends: the client closes its side behind the request. */
static bool row_holds(const struct row *r, bool ends)
{
    char heard[STATUSES_MAX];
    struct wire w;
    tag_learn();
    const char *request = spoken(r->request);
    wire_open(&w);
    wire_say(&w, request, strlen(request));
    if (ends)
        wire_end(&w);
    answers_hear(&w, r, ends, heard);
    bool ok = strcmp(heard, r->answers) == 0 && field_is_right(&w, r->field);
    if (!ok)
        print_error("RFC %s%s: expected `%s` %s, heard `%s`\n%s\n", r->clause,
                    ends ? " (half closed)" : "", r->answers, r->field ? r->field : "", heard,
                    w.head);
    wire_close(&w);
    return ok;
}

/* What may still go on is not over before the client says so. */
static bool ends_in_the_middle(const struct row *r)
{
    return strcmp(r->answers, ".") == 0;
}

static void rows_hold(bool ends)
{
    size_t wrong = 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (ends || !ends_in_the_middle(&rows[i]))
            wrong += !row_holds(&rows[i], ends);
    assert_int_equal(wrong, 0);
}

static void every_clause_holds(void **state)
{
    (void)state;
    rows_hold(false);
}

static void every_clause_holds_for_a_client_that_closes_its_side(void **state)
{
    (void)state;
    rows_hold(true);
}

/* RFC 9110 5.5: a NUL, which no string of the table can hold. In a request line it has no answer. */
static void nul_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const char in_value[] = JOBS "X: a\0b\r\n\r\n", in_name[] = JOBS "X\0: a\r\n\r\n",
                      in_target[] = TO("/api/jobs/\0") "\r\n",
                      in_length[] = LOGIN "Content-Length: 2\0\r\n\r\n{}";
    static const struct {
        const char *bytes;
        size_t len;
        int status;
    } cases[] = {
        {in_value,  sizeof(in_value) - 1,  400},
        {in_name,   sizeof(in_name) - 1,   400},
        {in_target, sizeof(in_target) - 1, 0  },
        {in_length, sizeof(in_length) - 1, 400},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct wire w;
        wire_open(&w);
        wire_say(&w, cases[i].bytes, cases[i].len);
        assert_int_equal(wire_answer(&w, false), cases[i].status);
        assert_true(wire_is_over(&w));
        wire_close(&w);
    }
}

/* Each line of one head stands in the other, but Date, which may have gone on. */
static void heads_agree(const struct wire *get, const struct wire *head)
{
    for (const char *p = get->head; *p; p += strcspn(p, "\n") + 1) {
        char line[1024];
        (void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\r"), p);
        if (strncmp(line, "Date:", 5) != 0)
            assert_non_null(strstr(head->head, line));
    }
}

/* RFC 9110 9.3.2 */
static void head_is_get_without_a_body(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/api/jobs/?page_size=1", "/openapi.json", "/docs/", "/subjects",
        "/api/nothing/",          "/api/jobs"};
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        char get[256], head[256];
        struct wire a, b;
        (void)snprintf(get, sizeof(get), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        (void)snprintf(head, sizeof(head), "HEAD %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);
        wire_open(&a);
        wire_open(&b);
        wire_say(&a, get, strlen(get));
        wire_say(&b, head, strlen(head));
        assert_int_equal(wire_answer(&a, false), wire_answer(&b, true));
        heads_agree(&a, &b);
        wire_close(&a);
        wire_close(&b);
    }
}

/* RFC 9110 10.1.1: the body is sent when the server has asked for it. */
static void a_body_that_waits_is_asked_for(void **state)
{
    (void)state;
    static const char head[] = LOGIN "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
                      refused[] = "POST /api/login/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                                  "Content-Length: 262145\r\n\r\n";
    struct wire w;
    wire_open(&w);
    wire_say(&w, head, strlen(head));
    assert_int_equal(wire_answer(&w, false), 100);
    wire_say(&w, "{}", 2);
    assert_int_equal(wire_answer(&w, false), 400);
    wire_say(&w, refused, strlen(refused));
    assert_int_equal(wire_answer(&w, false), 413);
    assert_true(wire_is_over(&w));
    wire_close(&w);
}

static int job_make(void **state)
{
    (void)state;
    ana = http_person("ana", "[\"client\"]");
    http_ask(&ana, "POST", "/api/jobs/create/",
             "{\"title\":\"Job\",\"description\":\"d\",\"skills\":[\"c\"],\"budget\":{\"amount\":1,"
             "\"currency\":\"EUR\"}}",
             "", 201);
    (void)snprintf(job_id, sizeof(job_id), "%s", http_text("id"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_clause_holds),
        cmocka_unit_test(every_clause_holds_for_a_client_that_closes_its_side),
        cmocka_unit_test(nul_is_refused_wherever_it_stands),
        cmocka_unit_test(head_is_get_without_a_body),
        cmocka_unit_test(a_body_that_waits_is_asked_for),
    };
    return cmocka_run_group_tests(tests, job_make, NULL);
}
