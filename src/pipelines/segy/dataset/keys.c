/* Ensemble keys: see keys.h. */
#include "pipelines/segy/dataset/keys.h"

#include "base/sys.h"
#include "pipelines/segy/computed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qn_key_maker {
    const struct qn_import *import;
    struct qn_computer *computer; /* NULL: no part is computed */
    size_t bytes;
    uint8_t *keys;
    union {
        double scaled[QN_KEY_BLOCK];
        uint64_t any[QN_KEY_BLOCK]; /* bytes of its type */
    } values;                       /* of one part */
    uint8_t valid[QN_KEY_BLOCK];
};

static const struct qn_segy_field *field_of(const struct qn_import *import, size_t k)
{
    return &import->fields[import->keys[k].index];
}

enum qn_dtype qn_key_dtype(const struct qn_import *import, size_t k)
{
    switch (import->keys[k].kind) {
    case QN_KEY_COMPUTED:
        return import->computed[import->keys[k].index].dtype;
    case QN_KEY_SCALED:
        return QN_FLOAT64;
    default:
        return qn_segy_type_info((enum qn_segy_type)field_of(import, k)->type)->dtype;
    }
}

bool qn_key_optional(const struct qn_import *import, size_t k)
{
    return import->keys[k].kind == QN_KEY_COMPUTED;
}

void qn_key_name(const struct qn_import *import, size_t k, char name[QN_COLUMN_NAME])
{
    if (import->keys[k].kind == QN_KEY_SCALED)
        qn_scaled_name(field_of(import, k), name);
    else
        snprintf(name, QN_COLUMN_NAME, "%s",
                 qn_key_optional(import, k) ? import->computed[import->keys[k].index].name
                                            : field_of(import, k)->name);
}

/* Bytes of a key before part `k` of it. */
static size_t key_offset(const struct qn_import *import, size_t k)
{
    size_t bytes = 0;
    for (size_t i = 0; i < k; i++)
        bytes += qn_dtype_bytes(qn_key_dtype(import, i)) + qn_key_optional(import, i);
    return bytes;
}

size_t qn_key_bytes(const struct qn_import *import)
{
    return key_offset(import, import->key_count);
}

void qn_key_column(const struct qn_import *import, size_t k, const uint8_t *keys, size_t count,
                   void *values, uint8_t *valid)
{
    size_t stride = qn_key_bytes(import);
    size_t bytes = qn_dtype_bytes(qn_key_dtype(import, k));
    bool optional = qn_key_optional(import, k);
    keys += key_offset(import, k);
    for (size_t i = 0; i < count; i++, keys += stride) {
        valid[i] = optional ? *keys : 1;
        memcpy((uint8_t *)values + i * bytes, keys + optional, bytes);
    }
}

/* ---- making --------------------------------------------------------------------------------- */

enum qn_status qn_key_maker_new(const struct qn_import *import, struct qn_key_maker **out,
                                struct qn_error *err)
{
    *out = NULL;
    struct qn_key_maker *maker = qn_sys.calloc(1, sizeof *maker);
    if (!maker)
        return qn_fail_memory(err, "ensemble keys", sizeof *maker);
    enum qn_status status = QN_OK;
    bool computed = false;
    maker->import = import;
    maker->bytes = qn_key_bytes(import);
    maker->keys = qn_sys.malloc(maker->bytes * QN_KEY_BLOCK + 1);
    if (!maker->keys)
        status = qn_fail_memory(err, "ensemble keys", maker->bytes * QN_KEY_BLOCK);
    for (size_t k = 0; k < import->key_count; k++)
        computed |= qn_key_optional(import, k);
    if (!status && computed)
        status = qn_computer_new(import, &maker->computer, err);
    if (status)
        qn_key_maker_free(maker);
    else
        *out = maker;
    return status;
}

void qn_key_maker_free(struct qn_key_maker *maker)
{
    if (!maker)
        return;
    qn_computer_free(maker->computer);
    free(maker->keys);
    free(maker);
}

static void make_part(struct qn_key_maker *maker, size_t k, const struct qn_traces *traces)
{
    const struct qn_import *import = maker->import;
    enum qn_byte_order order = import->layout.order;
    switch (import->keys[k].kind) {
    case QN_KEY_COMPUTED:
        qn_computer_store(maker->computer, import->keys[k].index, &maker->values, maker->valid);
        break;
    case QN_KEY_SCALED:
        qn_segy_scale(field_of(import, k), order, traces->bytes, traces->stride, traces->count,
                      maker->values.scaled);
        break;
    default:
        qn_segy_extract(field_of(import, k), order, traces->bytes, traces->stride, traces->count,
                        &maker->values);
    }
}

const uint8_t *qn_key_maker_run(struct qn_key_maker *maker, const struct qn_traces *traces)
{
    uint8_t *part = maker->keys;
    if (maker->computer)
        qn_computer_run(maker->computer, traces);
    for (size_t k = 0; k < maker->import->key_count; k++) {
        size_t bytes = qn_dtype_bytes(qn_key_dtype(maker->import, k));
        bool optional = qn_key_optional(maker->import, k);
        make_part(maker, k, traces);
        for (size_t i = 0; i < traces->count; i++) {
            if (optional)
                part[i * maker->bytes] = maker->valid[i];
            memcpy(part + i * maker->bytes + optional, (const uint8_t *)&maker->values + i * bytes,
                   bytes);
        }
        part += bytes + optional;
    }
    return maker->keys;
}
