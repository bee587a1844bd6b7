/* Word count as a Quern pipeline: a complete program outside Quern's own tree.
 *
 *   cc wordcount.c $(pkg-config --cflags --libs quern) -o wordcount
 *   ./wordcount words count novel.txt -o novel.ds && head novel.ds/counts.csv */
#include <quern/quern.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span { /* a task's payload: a piece of the file that ends between words */
    uint64_t offset, len;
};
struct count {
    char *word;
    uint64_t times;
};

/* Reads the span of `path` into memory that the caller frees; less of it at the file's end. */
static enum qn_status read_span(const char *path, struct span span, char **text, size_t *len,
                                struct qn_error *err)
{
    FILE *file = fopen(path, "re");
    *text = malloc(span.len + 1);
    *len = 0;
    if (!file || !*text || fseeko(file, (off_t)span.offset, SEEK_SET) < 0)
        return qn_fail_at(err, QN_ERR_IO, path, -1, "cannot read '%s'. Check the name.", path);
    *len = fread(*text, 1, span.len, file);
    (*text)[*len] = '\0';
    fclose(file);
    return QN_OK;
}

static enum qn_status plan(const struct qn_options *options, struct qn_plan *plan,
                           struct qn_error *err)
{
    const char *path = qn_option_input(options, 0);
    struct span span = {0, 1};
    enum qn_status status = qn_plan_input(plan, path, err);
    for (; !status && span.len > 0; span.offset += span.len) {
        char *text = NULL;
        size_t whole = span.len = (size_t)qn_option_int(options, "piece");
        status = read_span(path, span, &text, &span.len, err);
        bool last = span.len < whole; /* of the file; else back to the end of a word */
        while (!status && !last && span.len > 1 && !isspace((unsigned char)text[span.len - 1]))
            span.len--;
        free(text);
        if (!status && span.len > 0)
            status = qn_plan_add(plan, span.len, span.len, &span, sizeof span, err);
    }
    return status;
}

static int by_word(const void *a, const void *b)
{
    return strcmp(((const struct count *)a)->word, ((const struct count *)b)->word);
}

/* Sorts and joins equal words; returns how many are left. */
static size_t reduce(struct count *counts, size_t n)
{
    size_t kept = 0;
    if (n > 0)
        qsort(counts, n, sizeof *counts, by_word);
    for (size_t i = 0; i < n; i++)
        if (kept > 0 && by_word(&counts[kept - 1], &counts[i]) == 0)
            counts[kept - 1].times += counts[i].times;
        else
            counts[kept++] = counts[i];
    return kept;
}

static enum qn_status open_worker(const struct qn_job *job, void **worker, struct qn_error *err)
{
    *worker = (void *)qn_option_input(job->options, 0); /* all a worker needs is the path */
    return *worker ? QN_OK : qn_fail(err, QN_ERR_USAGE, "which text?");
}

static enum qn_status run_task(void *worker, struct qn_task_run *run, struct qn_error *err)
{
    char *text = NULL, *save = NULL;
    size_t len, n = 0;
    enum qn_status status =
        read_span(worker, *(struct span *)qn_task_of(run)->payload, &text, &len, err);
    struct count *list = malloc((len / 2 + 1) * sizeof *list);
    for (char *word = text; !status && (word = strtok_r(word, " \t\r\n\v\f", &save)); word = NULL)
        list[n++] = (struct count){word, 1};
    n = reduce(list, n);
    for (size_t i = 0; !status && i < n; i++) { /* the result: a number, a word, its NUL, ... */
        status = qn_task_result(run, &list[i].times, sizeof list[i].times, err);
        status = status ? status : qn_task_result(run, list[i].word, strlen(list[i].word) + 1, err);
    }
    free(list);
    free(text);
    return status;
}

static enum qn_status glue(struct qn_glue *glue, struct qn_error *err)
{
    struct count *counts = NULL;
    struct qn_output *csv = NULL;
    size_t n = 0;
    enum qn_status status = QN_OK;
    for (uint64_t task = 0; !status && task < qn_glue_count(glue); task++) {
        const char *bytes = NULL;
        size_t len = 0;
        bool done;
        qn_glue_task(glue, task, &done);
        if (done)
            status = qn_glue_result(glue, task, (const void **)&bytes, &len, err);
        for (size_t at = 0; !status && at < len; at += 8 + strlen(bytes + at + 8) + 1) {
            struct count *more = realloc(counts, (n + 1) * sizeof *counts);
            char *word = more ? strdup(bytes + at + 8) : NULL;
            if (!word && (status = qn_fail_memory(err, "counts", n * sizeof *counts)))
                break;
            counts = more;
            memcpy(&counts[n].times, bytes + at, 8);
            counts[n++].word = word;
        }
    }
    n = reduce(counts, n);
    status = status ? status : qn_glue_create(glue, "counts.csv", &csv, err);
    for (size_t i = 0; !status && i < n; i++) {
        char times[32];
        int len = snprintf(times, sizeof times, ",%llu\n", (unsigned long long)counts[i].times);
        status = qn_output_write(csv, counts[i].word, strlen(counts[i].word), err);
        status = status ? status : qn_output_write(csv, times, (size_t)len, err);
    }
    return status ? status : qn_output_commit(csv, err);
}

int main(int argc, char **argv)
{
    static const struct qn_option options[] = {
        {"piece", QN_OPT_INT, "BYTES", "1M", "how much text a task counts"}, {0}};
    static const struct qn_verb verbs[] = {
        {.name = "count", .inputs = "FILE", .summary = "count words", .options = options}, {0}};
    static const struct qn_pipeline words = {.name = "words",
                                             .summary = "counts the words of a text",
                                             .items = "bytes",
                                             .version = 1,
                                             .verbs = verbs,
                                             .plan = plan,
                                             .open_worker = open_worker,
                                             .run_task = run_task,
                                             .glue = glue};
    return qn_main(argc, argv, (const struct qn_pipeline *const[]){&words, NULL});
}
