/* Any bytes as comma-separated text: all vector variants find the same records, every field lies
 * within the text, and whatever a field holds is read as a number, a date, an hour. */
#include "fuzz.h"

#include "format/text/csv.h"
#include "format/text/number.h"

#include <math.h>
#include <string.h>

const char *const fuzz_words[] = {"\"", "\"\"", ",", "\r\n", "\n", "1e308", "-.5", "0x1", NULL};

static void look_at(const struct qn_csv *csv, size_t size)
{
    const struct qn_csv_record *records = (const struct qn_csv_record *)(void *)csv->records.data;
    for (size_t r = 0; r < csv->count; r++) {
        for (uint32_t f = 0; f < records[r].fields; f++) {
            struct qn_csv_field field = qn_csv_get(csv, &records[r], f);
            double real = 0;
            int64_t integer;
            FUZZ_REQUIRE(field.text >= csv->text && field.text + field.len <= csv->text + size);
            if (qn_parse_real(field.text, field.len, &real))
                FUZZ_REQUIRE(isfinite(real));
            (void)qn_parse_decimal(field.text, field.len, 6, &integer);
            (void)qn_parse_integer(field.text, field.len, &integer);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_csv first = {0}, other = {0};
    FUZZ_REQUIRE(qn_csv_use(0));
    if (!qn_csv_split(&first, (const char *)data, size, QN_CSV_LAST)) {
        FUZZ_REQUIRE(fuzz_starved);
        goto out;
    }
    FUZZ_REQUIRE(first.taken == size);
    look_at(&first, size);
    for (int variant = 1; variant < 3; variant++) {
        if (!qn_csv_use(variant))
            continue;
        if (!qn_csv_split(&other, (const char *)data, size, QN_CSV_LAST)) {
            FUZZ_REQUIRE(fuzz_starved);
            goto out;
        }
        FUZZ_REQUIRE(other.count == first.count);
        FUZZ_REQUIRE(other.count == 0 || !memcmp(other.records.data, first.records.data,
                                                 other.count * sizeof(struct qn_csv_record)));
    }
out:
    qn_csv_release(&first);
    qn_csv_release(&other);
    return 0;
}
