/* Claims on slices: see claims.h. */
#include "engine/claims.h"

#include "base/io.h"
#include "base/json_memory.h"
#include "base/listing.h"
#include "base/sys.h"
#include "engine/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLAIMS     "/.quern/claims"
#define RELEASED   ".released"
#define MAX_HOLDER 4096

/* ---- who is who ----------------------------------------------------------------------------- */

static json_t *describe_self(const struct qn_claimant *claimant)
{
    char host[128] = "?";
    char here[QN_MACHINE_IDENTITY];
    gethostname(host, sizeof host - 1);
    qn_machine_identity(here);
    return json_pack("{s:s, s:s, s:I, s:I, s:s, s:I}", "host", host, "here", here, "pid",
                     (json_int_t)getpid(), "start", (json_int_t)qn_machine_process_start(getpid()),
                     "job", claimant->job ? claimant->job : "", "restarts",
                     (json_int_t)claimant->restarts);
}

static const char *text_of(const json_t *holder, const char *key)
{
    const char *text = json_string_value(json_object_get(holder, key));
    return text ? text : "";
}

/* A scheduler's word counts; without one, what this machine knows of its own processes. */
static bool is_gone(const struct qn_claimant *claimant, const json_t *holder)
{
    char here[QN_MACHINE_IDENTITY];
    const char *job = text_of(holder, "job");
    enum qn_job_state state = QN_JOB_UNKNOWN;
    if (*job && claimant->ask)
        state =
            claimant->ask(job, (unsigned)json_integer_value(json_object_get(holder, "restarts")));
    if (state != QN_JOB_UNKNOWN)
        return state == QN_JOB_GONE;
    qn_machine_identity(here);
    if (strcmp(here, text_of(holder, "here")) != 0)
        return false;
    json_int_t pid = json_integer_value(json_object_get(holder, "pid"));
    json_int_t start = json_integer_value(json_object_get(holder, "start"));
    return qn_machine_process_start((long)pid) != (uint64_t)start;
}

static void tell_holder(const json_t *holder, char text[QN_CLAIM_HOLDER])
{
    const char *job = text_of(holder, "job");
    snprintf(text, QN_CLAIM_HOLDER, "%s%.64s%sprocess %lld on %.128s", *job ? "job " : "", job,
             *job ? ", " : "", (long long)json_integer_value(json_object_get(holder, "pid")),
             text_of(holder, "host"));
}

/* ---- one claim ------------------------------------------------------------------------------ */

static void path_of(const char *root, const struct qn_claim *claim, const char *suffix,
                    char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s" CLAIMS "/%u-of-%u.%u%s", root, claim->slice, claim->slices,
             claim->generation, suffix);
}

static bool is_there(const char *root, const struct qn_claim *claim, const char *suffix)
{
    char path[PATH_MAX];
    path_of(root, claim, suffix, path);
    int fd = qn_sys.open(path, O_RDONLY | O_CLOEXEC, 0); /* unlike stat it asks an NFS server */
    if (fd >= 0)
        qn_sys.close(fd);
    return fd >= 0;
}

/* The holder of a claim that is there; NULL if it cannot be read. */
static json_t *holder_of(const char *root, const struct qn_claim *claim)
{
    char path[PATH_MAX];
    struct qn_buf text = {0};
    path_of(root, claim, "", path);
    json_t *holder = NULL;
    if (!qn_read_file(path, &text, MAX_HOLDER, NULL))
        holder = json_loadb((const char *)text.data, text.len, 0, NULL);
    qn_buf_release(&text);
    return holder;
}

static bool is_held(const char *root, const struct qn_claimant *claimant,
                    const struct qn_claim *claim, char holder_text[QN_CLAIM_HOLDER])
{
    if (is_there(root, claim, RELEASED))
        return false;
    json_t *holder = holder_of(root, claim);
    bool gone = holder && is_gone(claimant, holder);
    tell_holder(holder, holder_text);
    json_decref(holder);
    return !gone;
}

/* Writes the claim to a name of this process' own and links it to the one that counts. A server's
 * answer to link may be lost, so the count of links decides. */
static enum qn_status make_claim(const char *root, const struct qn_claimant *claimant,
                                 const struct qn_claim *claim, bool *made, struct qn_error *err)
{
    char path[PATH_MAX];
    char own[PATH_MAX];
    char host[128] = "?";
    struct stat st = {0};
    gethostname(host, sizeof host - 1);
    path_of(root, claim, "", path);
    snprintf(own, sizeof own, "%s" CLAIMS "/.%.100s.%ld.%" PRIu64, root, host, (long)getpid(),
             qn_machine_process_start(getpid()));
    json_t *self = describe_self(claimant);
    char *text = self ? qn_json_dump(self, JSON_COMPACT) : NULL;
    json_decref(self);
    if (!text)
        return qn_fail_memory(err, "a claim", 1);
    enum qn_status status = qn_make_parent(own, err);
    if (!status)
        status = qn_write_file(own, text, strlen(text), err);
    free(text);
    if (status)
        return status;
    int failed = qn_sys.link(own, path) < 0 ? errno : 0;
    *made = qn_sys.stat(own, &st) == 0 && st.st_nlink == 2;
    (void)qn_sys.unlink(own);
    if (!*made && failed != EEXIST)
        return qn_fail_errno(err, failed, "claim a slice by the file", path);
    return *made ? qn_sync_parent(path, err) : QN_OK;
}

enum qn_status qn_claim_take(const char *root, const struct qn_claimant *claimant, unsigned slice,
                             unsigned slices, struct qn_claim *claim, bool *taken,
                             char holder[QN_CLAIM_HOLDER], struct qn_error *err)
{
    *claim = (struct qn_claim){slice, slices, 0};
    *taken = false;
    for (;;) {
        struct qn_claim next = {slice, slices, claim->generation + 1};
        if (is_there(root, &next, "")) {
            *claim = next;
            continue;
        }
        if (claim->generation > 0 && is_held(root, claimant, claim, holder))
            return QN_OK;
        enum qn_status status = make_claim(root, claimant, &next, taken, err);
        if (status)
            return status;
        *claim = next;
        if (*taken)
            return QN_OK;
    }
}

enum qn_status qn_claim_release(const char *root, const struct qn_claim *claim,
                                struct qn_error *err)
{
    char path[PATH_MAX];
    path_of(root, claim, RELEASED, path);
    return qn_write_file(path, "", 0, err);
}

/* ---- all claims ----------------------------------------------------------------------------- */

/* "3-of-8.2", and nothing after it. */
static bool parse_name(const char *name, struct qn_claim *claim)
{
    int end = 0;
    return sscanf(name, "%u-of-%u.%u%n", &claim->slice, &claim->slices, &claim->generation, &end) ==
               3 &&
           name[end] == '\0';
}

enum qn_status qn_claims_held(const char *root, const struct qn_claimant *claimant, unsigned slices,
                              unsigned *held, char holder[QN_CLAIM_HOLDER], struct qn_error *err)
{
    char path[PATH_MAX];
    struct qn_listing listing;
    *held = 0;
    snprintf(path, sizeof path, "%s" CLAIMS, root);
    enum qn_status status = qn_listing_open_if_any(&listing, path, err);
    while (qn_listing_next(&listing, &status, err)) {
        struct qn_claim claim;
        char text[QN_CLAIM_HOLDER];
        if (!parse_name(listing.name, &claim) || claim.slices == slices)
            continue;
        struct qn_claim later = claim;
        later.generation++;
        if (is_there(root, &later, "") || !is_held(root, claimant, &claim, text))
            continue;
        (*held)++;
        memcpy(holder, text, sizeof text);
    }
    qn_listing_close(&listing);
    return status;
}
