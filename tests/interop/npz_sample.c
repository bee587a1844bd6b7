/* Writes NumPy archives for numpy.load to read: every element type, packed in pieces of odd sizes,
 * and an array of more than 4 GiB.
 *
 *   npz_sample small FILE    elements follow formulas in test_npz_files.py
 *   npz_sample large FILE    `zeros`, 5 GiB of zeros put together of one piece, and `last`
 */
#include "base/io.h"
#include "format/npz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ELEMENTS = 10007, PIECE = 64 << 20, PIECES = 80 };

static int fd;
static struct qn_npz_packer *packer;
static struct qn_npz_writer *writer;

static enum qn_status put(void *context, const void *bytes, size_t len, struct qn_error *err)
{
    (void)context;
    return qn_write_all(fd, "sample", bytes, len, err);
}

static void require(enum qn_status status)
{
    if (status) {
        fprintf(stderr, "npz_sample: %s\n", qn_status_name(status));
        exit(1);
    }
}

static void put_element(struct qn_buf *values, const char *type, int i)
{
    char text[16];
    if (!strcmp(type, QN_NPY_INT8))
        qn_buf_u8(values, (uint8_t)(i % 256));
    else if (!strcmp(type, QN_NPY_BOOL))
        qn_buf_u8(values, i % 3 == 0);
    else if (!strcmp(type, QN_NPY_INT64))
        qn_buf_u64(values, (uint64_t)i * (uint64_t)i * 1000003u);
    else if (!strcmp(type, QN_NPY_FLOAT64))
        qn_buf_real(values, i / 7.0);
    else {
        snprintf(text, sizeof text, "text %d", i);
        qn_npy_put_text64(values, i % 5 ? text : "");
    }
}

/* Pieces of 1, 2, 4 ... elements. */
static void write_small(const char *name, const char *type)
{
    struct qn_buf values = {0}, packed = {0};
    struct qn_npz_piece all = {0}, piece;
    for (int at = 0, size = 1; at < ELEMENTS; size *= 2) {
        int end = at + size < ELEMENTS ? at + size : ELEMENTS;
        qn_buf_clear(&values);
        for (; at < end; at++)
            put_element(&values, type, at);
        require(qn_npz_pack(packer, values.data, values.len, &packed, &piece, NULL));
        qn_npz_add_piece(&all, &piece);
    }
    require(qn_npz_begin(writer, name, type, ELEMENTS, &all, NULL));
    require(qn_npz_put(writer, packed.data, packed.len, NULL));
    require(qn_npz_end(writer, NULL));
    qn_buf_release(&values);
    qn_buf_release(&packed);
}

static void write_large(void)
{
    struct qn_buf packed = {0};
    struct qn_npz_piece all = {0}, piece;
    void *zeros = calloc(1, PIECE);
    require(zeros ? QN_OK : QN_ERR_MEMORY);
    require(qn_npz_pack(packer, zeros, PIECE, &packed, &piece, NULL));
    for (int i = 0; i < PIECES; i++)
        qn_npz_add_piece(&all, &piece);
    require(qn_npz_begin(writer, "zeros", QN_NPY_FLOAT64, all.size / 8, &all, NULL));
    for (int i = 0; i < PIECES; i++)
        require(qn_npz_put(writer, packed.data, packed.len, NULL));
    require(qn_npz_end(writer, NULL));
    qn_buf_release(&packed);
    free(zeros);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    struct qn_npz_sink sink = {NULL, put};
    fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    require(fd < 0 ? QN_ERR_IO : QN_OK);
    require(qn_npz_packer_new(&packer, NULL));
    require(qn_npz_writer_new(&writer, &sink, packer, NULL));
    if (!strcmp(argv[1], "small")) {
        write_small("i1", QN_NPY_INT8);
        write_small("b1", QN_NPY_BOOL);
        write_small("i8", QN_NPY_INT64);
        write_small("f8", QN_NPY_FLOAT64);
    } else {
        write_large();
    }
    write_small("last", QN_NPY_TEXT64);
    require(qn_npz_finish(writer, NULL));
    qn_npz_writer_free(writer);
    qn_npz_packer_free(packer);
    return close(fd) != 0;
}
