/* SHA-1 against the examples that NIST publishes for FIPS 180, and against sha1sum of a file. */
#include "base/sha1.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static void expect(const char *digest, const void *bytes, size_t len, size_t step)
{
    struct qn_sha1 sha1;
    char text[QN_SHA1_TEXT];
    qn_sha1_init(&sha1);
    for (size_t at = 0; at < len; at += step)
        qn_sha1_add(&sha1, (const char *)bytes + at, len - at < step ? len - at : step);
    qn_sha1_finish(&sha1, text);
    assert_string_equal(text, digest);
}

static void the_published_examples_come_out(void **state)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    (void)state;
    expect("a9993e364706816aba3e25717850c26c9cd0d89d", "abc", 3, 64);
    expect("da39a3ee5e6b4b0d3255bfef95601890afd80709", "", 0, 64);
    expect("84983e441c3bd26ebaae4aa1f95129e5e54670f1", two_blocks, 56, 64);
}

static void a_million_letters_come_out_in_steps_of_any_size(void **state)
{
    static char letters[1000000];
    (void)state;
    memset(letters, 'a', sizeof letters);
    static const size_t steps[] = {1, 63, 64, 65, 1000000};
    for (size_t i = 0; i < 5; i++)
        expect("34aa973cd4c4daa4f61eeb2bdbad27316534016f", letters, sizeof letters, steps[i]);
}

static void a_file_has_the_checksum_of_its_bytes(void **state)
{
    char path[] = "/tmp/quern-sha1-XXXXXX";
    char text[QN_SHA1_TEXT];
    struct qn_error err;
    (void)state;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "abc", 3), 3);
    close(fd);
    assert_int_equal(qn_sha1_file(path, text, &err), QN_OK);
    assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
    unlink(path);
    assert_int_equal(qn_sha1_file(path, text, &err), QN_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_come_out),
        cmocka_unit_test(a_million_letters_come_out_in_steps_of_any_size),
        cmocka_unit_test(a_file_has_the_checksum_of_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
