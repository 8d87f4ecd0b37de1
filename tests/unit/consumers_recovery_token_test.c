#include "tests/unit/spec.h"

#include <sodium.h>
#include <string.h>

#include "consumers/recovery_token.h"

#define NOW_US  1790000000000000
#define HOUR_US (RECOVERY_TOKEN_SECONDS * 1000000LL)

static const uint8_t key[IDENTITY_KEY_BYTES] = {1, 2, 3};
static const uint8_t other_key[IDENTITY_KEY_BYTES] = {1, 2, 4};
static const struct uuid ana = {{1}};
static const struct uuid first = {{11}};
static const struct uuid second = {{12}};

static struct recovery_token made(char text[RECOVERY_TOKEN_TEXT + 1])
{
    struct recovery_token t;
    recovery_token_make(key, &ana, &first, NOW_US, text);
    assert_true(recovery_token_parse(text, &t));
    return t;
}

static void a_token_names_its_account_and_proves_itself(void **state)
{
    (void)state;
    char text[RECOVERY_TOKEN_TEXT + 1];
    struct recovery_token t = made(text);
    assert_int_equal(strlen(text), RECOVERY_TOKEN_TEXT);
    assert_true(uuid_equal(&t.user_id, &ana));
    assert_true(recovery_token_proved(&t, key, &first, NOW_US));
    assert_true(recovery_token_proved(&t, key, &first, NOW_US + HOUR_US - 1000000));
}

static void it_ends_after_an_hour(void **state)
{
    (void)state;
    char text[RECOVERY_TOKEN_TEXT + 1];
    struct recovery_token t = made(text);
    assert_false(recovery_token_proved(&t, key, &first, NOW_US + HOUR_US));
    t.expires_at += 1; /* a later end is not what the MAC says */
    assert_false(recovery_token_proved(&t, key, &first, NOW_US));
}

static void a_new_credential_makes_it_worthless(void **state)
{
    (void)state;
    char text[RECOVERY_TOKEN_TEXT + 1];
    struct recovery_token t = made(text);
    assert_false(recovery_token_proved(&t, key, &second, NOW_US));
}

static void nobody_else_can_make_one(void **state)
{
    (void)state;
    char text[RECOVERY_TOKEN_TEXT + 1];
    struct recovery_token t = made(text);
    assert_false(recovery_token_proved(&t, other_key, &first, NOW_US));
    for (size_t i = 0; i < sizeof(t.mac); i++) {
        t.mac[i] ^= 1;
        assert_false(recovery_token_proved(&t, key, &first, NOW_US));
        t.mac[i] ^= 1;
    }
    t.user_id.b[15] ^= 1;
    assert_false(recovery_token_proved(&t, key, &first, NOW_US));
}

static void another_form_is_no_token(void **state)
{
    (void)state;
    char text[RECOVERY_TOKEN_TEXT + 1];
    struct recovery_token t = made(text);
    const struct recovery_token before = t;
    assert_false(recovery_token_parse("", &t));
    assert_false(recovery_token_parse("AAAA", &t));
    text[10] = '!';
    assert_false(recovery_token_parse(text, &t));
    text[10] = '\0';
    assert_false(recovery_token_parse(text, &t));
    assert_memory_equal(&t, &before, sizeof(t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_names_its_account_and_proves_itself),
        cmocka_unit_test(it_ends_after_an_hour),
        cmocka_unit_test(a_new_credential_makes_it_worthless),
        cmocka_unit_test(nobody_else_can_make_one),
        cmocka_unit_test(another_form_is_no_token),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
