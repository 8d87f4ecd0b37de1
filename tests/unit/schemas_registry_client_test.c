/* The registry's dialect over a real socket: what is asked, and what each answer means. */
#include "tests/unit/spec.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "schemas/registry_client.h"

#define REQUEST_MAX 4096

/* A server that gives one answer to every request and remembers the last one. */
static struct {
    int fd;
    int port;
    pthread_t thread;
    pthread_mutex_t lock;
    char request[REQUEST_MAX];
    char *answer; /* "" = hangs up */
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct registry_client *client;
static struct config config;
static struct arena arena;
static struct err err;

static void read_request(int fd)
{
    size_t n = 0;
    memset(server.request, 0, sizeof server.request);
    for (;;) {
        const char *body = strstr(server.request, "\r\n\r\n");
        const char *length = strcasestr(server.request, "content-length:");
        size_t wanted = length ? strtoul(length + 15, NULL, 10) : 0;
        if (body && strlen(body + 4) >= wanted)
            return;
        ssize_t got = read(fd, server.request + n, sizeof server.request - 1 - n);
        if (got <= 0)
            return;
        n += (size_t)got;
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept(server.fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&server.lock);
        read_request(fd);
        size_t len = strlen(server.answer);
        (void)!write(fd, server.answer, len);
        pthread_mutex_unlock(&server.lock);
        close(fd);
    }
}

static void set_answer(char *text)
{
    pthread_mutex_lock(&server.lock);
    free(server.answer);
    server.answer = text;
    pthread_mutex_unlock(&server.lock);
}

/* status: "200 OK". */
static void the_registry_answers(const char *status, const char *body)
{
    struct strbuf s = {0};
    strbuf_addf(&s, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
                strlen(body), body);
    set_answer(s.data);
}

static bool asked(const char *what)
{
    pthread_mutex_lock(&server.lock);
    bool found = strstr(server.request, what) != NULL;
    pthread_mutex_unlock(&server.lock);
    return found;
}

static int set_up(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    (void)state;
    arena_init(&arena);
    server.answer = strdup("");
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.fd, 8), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &size), 0);
    server.port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
    snprintf(config.schema_registry_url, sizeof config.schema_registry_url,
             "http://127.0.0.1:%d/apis/ccompat/v7/", server.port);
    assert_int_equal(registry_client_open(&config, &client, &err), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    registry_client_free(client);
    arena_release(&arena);
    free(server.answer);
    return 0;
}

static enum err_code text_of(int32_t id, const char **ret)
{
    err = (struct err){0};
    return registry_client_text(client, id, &arena, ret, &err);
}

static enum err_code find_it(struct registry_place *ret)
{
    return registry_client_find(client, "hirelog.job.JobPosted", "\"string\"", &arena, ret, &err);
}

static void an_id_has_a_text(void **state)
{
    (void)state;
    const char *text = NULL;
    the_registry_answers("200 OK", "{\"schema\": \"\\\"string\\\"\", \"more\": 1}");
    assert_int_equal(text_of(7, &text), ERR_OK);
    assert_string_equal(text, "\"string\"");
    assert_true(asked("GET /apis/ccompat/v7/schemas/ids/7 HTTP/1.1\r\n"));
}

static void a_text_has_a_place(void **state)
{
    (void)state;
    struct registry_place place;
    the_registry_answers("200 OK", "{\"subject\":\"hirelog.job.JobPosted\",\"version\":2,\"id\":31,"
                                   "\"schema\":\"\\\"string\\\"\"}");
    assert_int_equal(find_it(&place), ERR_OK);
    assert_int_equal(place.id, 31);
    assert_int_equal(place.version, 2);
    assert_string_equal(place.text, "\"string\"");
    assert_true(asked("POST /apis/ccompat/v7/subjects/hirelog.job.JobPosted HTTP/1.1\r\n"));
    assert_true(asked("\r\n\r\n{\"schema\":\"\\\"string\\\"\"}"));
}

static void registering_is_told_the_id(void **state)
{
    (void)state;
    int32_t id = 0;
    the_registry_answers("200 OK", "{\"id\":5}");
    assert_int_equal(registry_client_register(client, "s", "\"int\"", &id, &err), ERR_OK);
    assert_int_equal(id, 5);
    assert_true(asked("POST /apis/ccompat/v7/subjects/s/versions HTTP/1.1\r\n"));
    the_registry_answers("200 OK", "{\"compatibility\":\"FULL_TRANSITIVE\"}");
    assert_int_equal(registry_client_be_strict(client, "s", &err), ERR_OK);
    assert_true(asked("PUT /apis/ccompat/v7/config/s HTTP/1.1\r\n"));
    assert_true(asked("{\"compatibility\":\"FULL_TRANSITIVE\"}"));
}

/* Longer than an error's message: a person must see all of it. */
static void a_refusal_has_its_whole_reason(void **state)
{
    (void)state;
    char body[1024], reason[600];
    int32_t id = 0;
    memset(reason, 'r', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    snprintf(body, sizeof body, "{\"error_code\":409,\"message\":\"%s\"}", reason);
    the_registry_answers("409 Conflict", body);
    assert_int_equal(registry_client_register(client, "s", "\"int\"", &id, &err), ERR_REJECTED);
    assert_string_equal(registry_client_reason(client), reason);
    the_registry_answers("422 Unprocessable Entity",
                         "{\"error_code\":42201,\"message\":\"not a schema\"}");
    assert_int_equal(registry_client_register(client, "s", "\"int\"", &id, &err), ERR_REJECTED);
    assert_string_equal(registry_client_reason(client), "not a schema");
}

static void a_check_says_why_when_the_registry_does(void **state)
{
    (void)state;
    the_registry_answers("200 OK", "{\"is_compatible\":true}");
    assert_int_equal(registry_client_check(client, "s", "\"int\"", &err), ERR_OK);
    assert_true(asked("POST /apis/ccompat/v7/compatibility/subjects/s/versions?verbose=true HTTP"));
    the_registry_answers("200 OK", "{\"is_compatible\":false}");
    assert_int_equal(registry_client_check(client, "s", "\"int\"", &err), ERR_REJECTED);
    assert_string_equal(registry_client_reason(client),
                        "not compatible with the versions that are there");
    the_registry_answers("200 OK", "{\"is_compatible\":false,\"messages\":[\"field x\",\"y\",3]}");
    assert_int_equal(registry_client_check(client, "s", "\"int\"", &err), ERR_REJECTED);
    assert_string_equal(registry_client_reason(client),
                        "not compatible with the versions that are there: field x; y");
    the_registry_answers("200 OK", "{\"is_compatible\":1}");
    assert_int_equal(registry_client_check(client, "s", "\"int\"", &err), ERR_UNAVAILABLE);
}

static void only_a_registrys_own_404_means_that_there_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body;
        enum err_code code;
    } answers[] = {
        {"404 Not Found",           "{\"error_code\":40401,\"message\":\"no subject\"}", ERR_NOT_FOUND  },
        {"404 Not Found",           "{\"error_code\":40402,\"message\":\"no version\"}", ERR_NOT_FOUND  },
        {"404 Not Found",           "{\"error_code\":40403,\"message\":\"no schema\"}",  ERR_NOT_FOUND  },
        {"404 Not Found",           "{\"error_code\":404,\"message\":\"no such path\"}", ERR_UNAVAILABLE},
        {"404 Not Found",           "",                                                  ERR_UNAVAILABLE},
        {"404 Not Found",           "<html>here is nothing</html>",                      ERR_UNAVAILABLE},
        {"409 Conflict",            "busy",                                              ERR_UNAVAILABLE},
        {"302 Found",               "",                                                  ERR_UNAVAILABLE},
        {"429 Too Many Requests",   "{}",                                                ERR_UNAVAILABLE},
        {"500 Oh",                  "{\"error_code\":50001,\"message\":\"store\"}",      ERR_UNAVAILABLE},
        {"503 Service Unavailable", "{\"error_code\":40403}",                            ERR_UNAVAILABLE},
        {"200 OK",                  "<html>log in here</html>",                          ERR_UNAVAILABLE},
        {"200 OK",                  "",                                                  ERR_UNAVAILABLE},
        {"200 OK",                  "[]",                                                ERR_UNAVAILABLE},
        {"200 OK",                  "{}",                                                ERR_UNAVAILABLE},
        {"200 OK",                  "{\"schema\":7}",                                    ERR_UNAVAILABLE},
        {"200 OK",                  "{\"schema\":\"a\",\"schema\":\"b\"}",               ERR_UNAVAILABLE},
        {"200 OK",                  "{\"schema\":\"a\"",                                 ERR_UNAVAILABLE},
        {"401 Unauthorized",        "",                                                  ERR_REJECTED   },
        {"403 Forbidden",           "<html>no</html>",                                   ERR_REJECTED   },
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        const char *text = "untouched";
        the_registry_answers(answers[i].status, answers[i].body);
        assert_int_equal(text_of(7, &text), answers[i].code);
        assert_string_equal(text, "untouched");
        assert_non_null(strstr(err.msg, "127.0.0.1"));
    }
}

static void a_place_without_numbers_is_no_answer(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"version\":1}",
        "{\"id\":1}",
        "{\"id\":\"1\",\"version\":1}",
        "{\"id\":-1,\"version\":1}",
        "{\"id\":2147483648,\"version\":1}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct registry_place place = {.id = 99};
        the_registry_answers("200 OK", bodies[i]);
        assert_int_equal(find_it(&place), ERR_UNAVAILABLE);
        assert_int_equal(place.id, 99);
    }
}

static void an_answer_that_never_ends_is_cut_off(void **state)
{
    (void)state;
    const char *text = NULL;
    char *body = malloc(REGISTRY_ANSWER_MAX + 2);
    memset(body, ' ', REGISTRY_ANSWER_MAX + 1);
    body[REGISTRY_ANSWER_MAX + 1] = '\0';
    the_registry_answers("200 OK", body);
    assert_int_equal(text_of(7, &text), ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "more than 1048576 bytes"));
    free(body);
}

static void who_hangs_up_or_is_not_there_is_away(void **state)
{
    (void)state;
    const char *text = NULL;
    set_answer(strdup(""));
    assert_int_equal(text_of(7, &text), ERR_UNAVAILABLE);
    static struct config nowhere = {.schema_registry_url = "http://127.0.0.1:1"};
    owned(registry_client_free) struct registry_client *other = NULL;
    assert_int_equal(registry_client_open(&nowhere, &other, &err), ERR_OK);
    assert_int_equal(registry_client_text(other, 7, &arena, &text, &err), ERR_UNAVAILABLE);
    assert_null(text);
}

static void credentials_come_from_a_file_and_go_into_a_header_only(void **state)
{
    (void)state;
    char path[] = "/tmp/hirelog-credentials-XXXXXX";
    static const char *const bad[] = {"", "nobody\n", ":words\n"};
    struct config own = config;
    owned(registry_client_free) struct registry_client *c = NULL;
    const char *text = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(own.schema_registry_credentials_file, sizeof own.schema_registry_credentials_file,
             "%s", path);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, bad[i], strlen(bad[i]), 0), strlen(bad[i]));
        assert_int_equal(registry_client_open(&own, &c, &err), ERR_INVALID);
        assert_non_null(strstr(err.msg, path));
        assert_null(strstr(err.msg, "words"));
    }
    assert_int_equal(pwrite(fd, "ana:a:b\n", 8, 0), 8);
    close(fd);
    assert_int_equal(registry_client_open(&own, &c, &err), ERR_OK);
    unlink(path);
    the_registry_answers("200 OK", "{\"schema\":\"x\"}");
    assert_int_equal(registry_client_text(c, 7, &arena, &text, &err), ERR_OK);
    assert_true(asked("Authorization: Basic YW5hOmE6Yg==\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_has_a_text),
        cmocka_unit_test(a_text_has_a_place),
        cmocka_unit_test(registering_is_told_the_id),
        cmocka_unit_test(a_refusal_has_its_whole_reason),
        cmocka_unit_test(a_check_says_why_when_the_registry_does),
        cmocka_unit_test(only_a_registrys_own_404_means_that_there_is_none),
        cmocka_unit_test(a_place_without_numbers_is_no_answer),
        cmocka_unit_test(an_answer_that_never_ends_is_cut_off),
        cmocka_unit_test(who_hangs_up_or_is_not_there_is_away),
        cmocka_unit_test(credentials_come_from_a_file_and_go_into_a_header_only),
    };
    return cmocka_run_group_tests_name("registry_client", tests, set_up, tear_down);
}
