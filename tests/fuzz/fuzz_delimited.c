/* Any bytes as a small table in text. */
#include "fuzz.h"

#include "format/text/delimited.h"

#include <math.h>
#include <string.h>

const char *const fuzz_words[] = {"#", "\"", "\"\"", ",", ";", "\t", "\r\n", "nan", "1e5", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_delimited table = {0};
    double value;
    const char *path = fuzz_file(data, size);
    if (!qn_delimited_read(&table, path, 1 << 20, NULL)) {
        for (size_t row = 0; row < table.rows; row++) {
            for (size_t column = 0; column < table.columns; column++) {
                const char *cell = qn_delimited_cell(&table, row, column);
                FUZZ_REQUIRE(strlen(cell) <= size);
                if (qn_delimited_number(cell, &value))
                    FUZZ_REQUIRE(!isnan(value));
            }
        }
        for (size_t column = 0; column < table.columns; column++)
            (void)qn_delimited_name(&table, column);
    }
    qn_delimited_release(&table);
    return 0;
}
