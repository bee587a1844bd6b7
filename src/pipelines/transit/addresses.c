/* Templates of addresses: see addresses.h. */
#include "pipelines/transit/addresses.h"

#include "base/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FITS_BLOCK = 2880 };

/* ---- templates ------------------------------------------------------------------------------ */

/* What {name} stands for; false when it stands for nothing. */
static bool place(const char *name, const struct qn_target *target, const char *sector, char *out,
                  size_t size)
{
    char digits[24];
    unsigned long long id = target->number;
    snprintf(digits, sizeof digits, "%016llu", id);
    if (!strcmp(name, "tic") || !strcmp(name, "id"))
        snprintf(out, size, "%llu", id);
    else if (!strcmp(name, "tic16"))
        snprintf(out, size, "%s", digits);
    else if (!strcmp(name, "id9"))
        snprintf(out, size, "%09llu", id);
    else if (!strncmp(name, "tic4", 4) && name[4] >= 'a' && name[4] <= 'd' && !name[5])
        snprintf(out, size, "%.4s", digits + 4 * (name[4] - 'a'));
    else if (!strcmp(name, "sector") && sector)
        snprintf(out, size, "%s", sector);
    else if (!strcmp(name, "sector4") && sector)
        snprintf(out, size, "%04d", (int)strtol(sector, NULL, 10));
    else
        return false;
    return true;
}

static enum qn_status expand(const char *template, const struct qn_target *target,
                             const char *sector, struct qn_buf *out, struct qn_error *err)
{
    while (*template) {
        char name[16];
        char value[32];
        size_t len = strcspn(template, "{");
        qn_buf_append(out, template, len);
        template += len;
        if (!*template)
            break;
        len = strcspn(template, "}");
        snprintf(name, sizeof name, "%.*s", (int)(len > 0 ? len - 1 : 0), template + 1);
        if (template[len] != '}' || !place(name, target, sector, value, sizeof value))
            return qn_fail(
                err, QN_ERR_USAGE,
                "addresses: {%s} is not known%s. Known are {tic} {tic16} {tic4a} {tic4b} "
                "{tic4c} {tic4d} {id} {id9} {sector} {sector4}.",
                name, sector ? "" : ", or needs --sectors");
        qn_buf_append(out, value, strlen(value));
        template += len + 1;
    }
    return QN_OK;
}

bool qn_address_sound(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
}

enum qn_status qn_address_of(const char *template, const struct qn_target *target,
                             const char *sector, struct qn_buf *texts, char name[QN_ADDRESS_NAME],
                             struct qn_error *err)
{
    char shown[QN_URL_SHOWN];
    size_t begin = texts->len;
    enum qn_status status = expand(template, target, sector, texts, err);
    qn_buf_u8(texts, 0);
    if (status || texts->failed)
        return status ? status : qn_fail_memory(err, "the addresses", texts->len);
    const char *text = (const char *)texts->data + begin;
    const char *last = text;
    for (const char *c = text; *c; c++)
        last = *c == '/' || *c == '=' || *c == ':' ? c + 1 : last;
    snprintf(name, QN_ADDRESS_NAME, "%.*s", (int)strcspn(last, "?#&"), last);
    if (qn_address_sound(name))
        return QN_OK;
    return qn_fail(err, QN_ERR_USAGE, "the address '%s' ends in no file name.",
                   qn_url_shown(text, shown));
}

/* ---- what was received ---------------------------------------------------------------------- */

bool qn_address_received(const struct qn_download *download, const char *file, uint64_t size,
                         char reason[QN_DOWNLOAD_MESSAGE])
{
    char head[6] = "";
    size_t len = strlen(download->path);
    if (len <= 5 || strcmp(download->path + len - 5, ".fits") != 0)
        return true;
    if (size % FITS_BLOCK != 0) {
        snprintf(reason, QN_DOWNLOAD_MESSAGE,
                 "its length is no multiple of 2880 bytes, as that of a FITS file is");
        return false;
    }
    int fd = qn_sys.open(file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return true;
    ssize_t got = qn_sys.pread(fd, head, sizeof head, 0);
    qn_sys.close(fd);
    if (got == (ssize_t)sizeof head && !memcmp(head, "SIMPLE", 6))
        return true;
    snprintf(reason, QN_DOWNLOAD_MESSAGE, "it is no FITS file");
    return false;
}
