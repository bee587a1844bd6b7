/* Any bytes as a schema file of the pipeline ercot, over the tables that are built in; what it
 * declares is asked for as the pipeline asks. */
#include "fuzz.h"

#include "pipelines/ercot/schema.h"

#include <string.h>

const char *const fuzz_words[] = {"dataset ", "title ",  "member ", "column ", "key ",   "time ",
                                  "real",     "price",   "instant", "alias ",  "*",      "?",
                                  "minutes ", "header ", "rest ",   "value ",  "point ", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct er_schema schema = {0};
    char text[64];
    if (er_schema_parse(&schema, (const char *)data, size, "fuzz", NULL))
        goto out;
    for (size_t i = 0; i < schema.count; i++) {
        const struct er_dataset *dataset = &schema.datasets[i];
        for (size_t k = 0; k < dataset->key_count; k++)
            FUZZ_REQUIRE(dataset->keys[k] < dataset->column_count);
        FUZZ_REQUIRE(dataset->derived_count <= dataset->column_count);
        for (size_t c = 0; c < dataset->column_count; c++) {
            (void)er_parquet_column(&dataset->columns[c], true);
            (void)er_normalize(dataset->columns[c].name, strlen(dataset->columns[c].name), text,
                               sizeof text);
            (void)er_means(&schema, dataset, text, dataset->columns[c].name);
        }
        for (size_t m = 0; m < dataset->member_count; m++)
            (void)er_match(dataset->members[m], "cdr.00012301.csv", 16, NULL);
    }
out:
    er_schema_release(&schema);
    return 0;
}
