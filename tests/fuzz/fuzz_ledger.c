/* Any bytes as a ledger, and as the payload of a record that a worker sends. */
#include "fuzz.h"

#include "engine/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const fuzz_words[] = {"{\"digest\": \"\"}", NULL};

static enum qn_status visit(void *context, const struct qn_record *record, struct qn_error *err)
{
    uint64_t *sum = context;
    (void)err;
    *sum += record->task + record->result_len;
    return QN_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_record record;
    struct qn_buf strings = {0};
    struct qn_error err;
    char path[64];
    uint64_t sum = 0;
    uint64_t valid = 0;
    (void)qn_record_decode(&record, data, size, &strings);
    qn_buf_release(&strings);
    int fd = memfd_create("ledger", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (!qn_ledger_scan(path, visit, &sum, &valid, &err))
        FUZZ_REQUIRE(valid <= size);
    close(fd);
    return 0;
}
