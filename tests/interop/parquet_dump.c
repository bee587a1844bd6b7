/* Reads every column of a Parquet file and prints what it found, for comparison with other readers:
 * a line "rows N", then for every column of fixed width a line "NAME VALID CRC32C" with the number
 * of values that are not null and the checksum of the values, zeros for nulls. Columns that cannot
 * be read have "NAME unsupported". Ends with status 1 and the reason when the file is damaged.
 *
 *   parquet_dump FILE
 */
#include "base/crc32c.h"
#include "base/io.h"
#include "format/parquet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct file {
    int fd;
    const char *path;
};

static enum qn_status read_at(void *context, uint64_t offset, void *bytes, size_t len,
                              struct qn_error *err)
{
    const struct file *file = context;
    return qn_read_at(file->fd, file->path, bytes, len, offset, err);
}

static enum qn_status dump_column(struct qn_parquet_file *file, size_t column, struct qn_error *err)
{
    struct qn_buf values = {0}, valid = {0};
    enum qn_status status = QN_OK;
    for (size_t g = 0; g < qn_parquet_groups(file) && !status; g++)
        status = qn_parquet_read_column(file, g, column, &values, &valid, err);
    uint64_t count = 0;
    for (size_t i = 0; i < valid.len; i++)
        count += valid.data[i];
    if (status == QN_ERR_UNSUPPORTED)
        printf("%s unsupported\n", qn_parquet_column_name(file, column));
    else if (!status)
        printf("%s %" PRIu64 " %08x\n", qn_parquet_column_name(file, column), count,
               qn_crc32c(0, values.data, values.len));
    qn_buf_release(&values);
    qn_buf_release(&valid);
    return status == QN_ERR_UNSUPPORTED ? QN_OK : status;
}

int main(int argc, char **argv)
{
    struct qn_error err = {0};
    struct file file = {.path = argc > 1 ? argv[1] : ""};
    struct stat st;
    struct qn_parquet_file *parquet = NULL;
    enum qn_status status = qn_open_read(file.path, &file.fd, &err);
    if (!status && fstat(file.fd, &st) == 0) {
        struct qn_parquet_source source = {
            .context = &file, .size = (uint64_t)st.st_size, .read_at = read_at, .name = file.path};
        status = qn_parquet_open(&parquet, &source, &err);
    }
    if (!status)
        printf("rows %" PRIu64 "\n", qn_parquet_rows(parquet));
    for (size_t c = 0; !status && c < qn_parquet_columns(parquet); c++)
        status = dump_column(parquet, c, &err);
    qn_parquet_close(parquet);
    if (status)
        fprintf(stderr, "%s: %s\n", qn_status_name(status), err.message);
    return status ? 1 : 0;
}
