/* Any bytes as a SPICE text kernel, and as an attitude table. */
#include "fuzz.h"

#include "format/spice/kpl.h"
#include "pipelines/lunar/attitude.h"

#include <math.h>
#include <string.h>

const char *const fuzz_words[] = {"KPL/LSK",
                                  "\\begindata\n",
                                  "\\begintext\n",
                                  "@1972-JAN-1",
                                  "DELTET/K",
                                  "= ( ",
                                  " )",
                                  "+=",
                                  "1.5D-3",
                                  "'a text'",
                                  "''",
                                  "1998-01-07T",
                                  ", 12.000,",
                                  ",242.00,-88.00",
                                  NULL};

static void read_text(const char *text, size_t len)
{
    struct qn_kpl *pool;
    if (qn_kpl_new(&pool, NULL))
        return;
    qn_kpl_recognize(text, len);
    qn_kpl_parse(pool, "fuzz", text, len, NULL);
    for (size_t i = 0; qn_kpl_name(pool, i); i++) {
        size_t count;
        const double *numbers = qn_kpl_numbers(pool, qn_kpl_name(pool, i), &count);
        for (size_t k = 0; k < count; k++)
            FUZZ_REQUIRE(isfinite(numbers[k]));
        const char *last = qn_kpl_text(pool, qn_kpl_name(pool, i), 0);
        FUZZ_REQUIRE(!last || strlen(last) <= len);
    }
    qn_kpl_free(pool);
}

static void read_attitude(const char *path)
{
    struct qn_attitude *attitude;
    double lon;
    double lat;
    if (qn_attitude_read(&attitude, path, &qn_leaps_builtin, NULL))
        return;
    double start = qn_attitude_start(attitude);
    double stop = qn_attitude_stop(attitude);
    for (int i = 0; i <= 4; i++)
        if (qn_attitude_at(attitude, start + (stop - start) * i / 4, &lon, &lat))
            FUZZ_REQUIRE(lon >= 0 && lon <= 360 && fabs(lat) <= 90);
    qn_attitude_free(attitude);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_text((const char *)data, size);
    read_attitude(fuzz_file(data, size));
    return 0;
}
