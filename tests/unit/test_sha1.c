/* SHA-1 of files, against the examples that NIST publishes for FIPS 180. */
#include "base/sha1.h"

#include "base/io.h"
#include "base/sys.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static char path[] = "/tmp/quern-sha1-XXXXXX";
static size_t step; /* bytes that a read gives at the most */

static ssize_t short_read(int fd, void *bytes, size_t len)
{
    return read(fd, bytes, len < step ? len : step);
}

static int set_up(void **state)
{
    (void)state;
    qn_sys.read = short_read;
    return close(mkstemp(path));
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void expect(const char *digest, const char *bytes, size_t len)
{
    char text[QN_SHA1_TEXT];
    assert_int_equal(qn_write_file(path, bytes, len, NULL), QN_OK);
    assert_int_equal(qn_sha1_file(path, text, NULL), QN_OK);
    assert_string_equal(text, digest);
}

static void the_published_examples_come_out(void **state)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    (void)state;
    step = 64;
    expect("a9993e364706816aba3e25717850c26c9cd0d89d", "abc", 3);
    expect("da39a3ee5e6b4b0d3255bfef95601890afd80709", "", 0);
    expect("84983e441c3bd26ebaae4aa1f95129e5e54670f1", two_blocks, 56);
}

static void a_million_letters_come_out_in_reads_of_any_size(void **state)
{
    static char letters[1000000];
    static const size_t steps[] = {1, 63, 64, 65, 1000000};
    (void)state;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < 5; i++) {
        step = steps[i];
        expect("34aa973cd4c4daa4f61eeb2bdbad27316534016f", letters, sizeof letters);
    }
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    char text[QN_SHA1_TEXT];
    (void)state;
    assert_int_equal(qn_sha1_file("/tmp/quern-sha1/missing", text, NULL), QN_ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_come_out),
        cmocka_unit_test(a_million_letters_come_out_in_reads_of_any_size),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
