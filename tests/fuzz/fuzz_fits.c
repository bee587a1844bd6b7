/* Any bytes as a FITS file: opened whole and headers only, every card that readers ask for, every
 * column of every table. What is read lies within the file, and the two ways to open agree. */
#include "fuzz.h"

#include "format/fits.h"

#include <stdlib.h>

const char *const fuzz_words[] = {"SIMPLE  =                    T",
                                  "XTENSION= 'BINTABLE'",
                                  "BITPIX  =                    8",
                                  "NAXIS   =                    2",
                                  "NAXIS1  = ",
                                  "NAXIS2  = ",
                                  "PCOUNT  = ",
                                  "TFIELDS = ",
                                  "TFORM1  = '",
                                  "TTYPE1  = '",
                                  "TSCAL1  = ",
                                  "TNULL1  = ",
                                  "END     ",
                                  "1E",
                                  "1D",
                                  "1J",
                                  NULL};

static void read_tables(const struct qn_fits *fits, size_t size)
{
    for (size_t hdu = 0; hdu < qn_fits_hdus(fits); hdu++) {
        char text[QN_FITS_TEXT];
        double number;
        uint64_t rows = qn_fits_rows(fits, hdu);
        FUZZ_REQUIRE(rows <= size);
        (void)qn_fits_text(fits, hdu, "TTYPE1", text);
        (void)qn_fits_number(fits, hdu, "TICID", &number);
        double *values = malloc((size_t)rows * sizeof *values + 1);
        for (int column = 0; column < 20 && values; column++)
            (void)qn_fits_read(fits, hdu, column, values, NULL);
        free(values);
        (void)qn_fits_column(fits, hdu, "TIME");
    }
    (void)qn_fits_complete(fits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qn_fits *fits;
    struct qn_buf memory = {0};
    const char *path = fuzz_file(data, size);
    size_t hdus = 0;
    if (!qn_fits_open(&fits, path, &memory, NULL)) {
        hdus = qn_fits_hdus(fits);
        FUZZ_REQUIRE(hdus > 0);
        read_tables(fits, size);
        qn_fits_close(fits);
    }
    bool opened = !qn_fits_open_headers(&fits, path, 0, &memory, NULL);
    FUZZ_REQUIRE(opened || hdus == 0);
    if (opened)
        qn_fits_close(fits);
    qn_buf_release(&memory);
    return 0;
}
