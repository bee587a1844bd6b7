/* Any bytes as a ledger, and as the payload of a record that a worker sends. */
#include "fuzz.h"

#include "engine/ledger.h"

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
    uint64_t sum = 0;
    uint64_t valid = 0;
    (void)qn_record_decode(&record, data, size, &strings);
    qn_buf_release(&strings);
    const char *path = fuzz_file(data, size);
    if (!qn_ledger_scan(path, visit, &sum, &valid, &err))
        FUZZ_REQUIRE(valid <= size);
    return 0;
}
