/* Bits of a complete dataset turned over, one at a time: `quern verify`, in this process, must find
 * each, name the file, and name its place: a range of bytes that it lies in, of at most 64 KiB, or
 * the file, if that is not longer.
 *
 *   bitflips DATASET COUNT SEED
 *
 * Half of the bits are drawn from all bytes, half from a file drawn from all files, and of these
 * every other one from its last 64 bytes, where indexes and footers lie. Prints one line; exit
 * status 1 if one was not found. Each bit is put back, so that the dataset stays as it was. */
#include "../e2e/mill.h"
#include "quiet.h"

#include "engine/manifest.h"
#include "engine/verify.h"
#include "pipelines/pipelines.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL    64
#define NEAREST 65536 /* bytes of what counts as a place */

struct file {
    char path[PATH_MAX]; /* relative */
    uint64_t size;
};

struct flip {
    const struct file *file;
    uint64_t place;
    unsigned bit;
};

static const char *root;
static struct file *files;
static size_t file_count;
static uint64_t all_bytes;
static uint64_t state;

static uint64_t below(uint64_t limit)
{
    uint64_t x = state += 0x9E3779B97F4A7C15u; /* splitmix64 (Steele, Lea, Flood 2014) */
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return (x ^ x >> 31) % limit;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "bitflips: %s\n", what);
    exit(2);
}

static const struct qn_pipeline *pipeline_of(const json_t *manifest)
{
    const char *name = json_string_value(json_object_get(manifest, "pipeline"));
    if (name && !strcmp(name, mill_pipeline.name))
        return &mill_pipeline;
    for (size_t i = 0; qn_pipelines[i]; i++) {
        if (name && !strcmp(name, qn_pipelines[i]->name))
            return qn_pipelines[i];
    }
    give_up("the dataset is of no known pipeline");
}

/* A file without bytes has none to turn. */
static void add_file(const char *path)
{
    char full[2 * PATH_MAX];
    struct stat st;
    if (file_count % 64 == 0)
        files = realloc(files, (file_count + 64) * sizeof *files);
    if (!files)
        give_up("out of memory");
    struct file *file = &files[file_count];
    snprintf(full, sizeof full, "%s/%s", root, path);
    if (stat(full, &st) < 0)
        give_up(full);
    if (st.st_size == 0)
        return;
    snprintf(file->path, sizeof file->path, "%s", path);
    file->size = (uint64_t)st.st_size;
    all_bytes += file->size;
    file_count++;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    const char *relative = path + strlen(root) + 1;
    if (type == FTW_F && strcmp(relative, ".quern/lock") != 0)
        add_file(relative);
    return 0;
}

static const struct qn_pipeline *open_dataset(void)
{
    json_t *manifest = NULL;
    if (qn_manifest_read(root, &manifest, NULL))
        give_up("there is no sound manifest.json");
    const struct qn_pipeline *pipeline = pipeline_of(manifest);
    json_decref(manifest);
    if (nftw(root, visit, 16, FTW_PHYS))
        give_up("the dataset cannot be walked");
    qsort(files, file_count, sizeof *files, by_path);
    return pipeline;
}

static struct flip draw(uint64_t i)
{
    struct flip flip = {.file = files, .bit = 1u << below(8)};
    if (i % 2) {
        flip.file = &files[below(file_count)];
        uint64_t size = flip.file->size;
        uint64_t reach = i % 4 == 1 || size < TAIL ? size : TAIL;
        flip.place = size - 1 - below(reach);
        return flip;
    }
    flip.place = below(all_bytes);
    while (flip.place >= flip.file->size)
        flip.place -= flip.file++->size;
    return flip;
}

static void turn(const struct flip *flip)
{
    char full[2 * PATH_MAX];
    uint8_t byte;
    snprintf(full, sizeof full, "%s/%s", root, flip->file->path);
    int fd = open(full, O_RDWR | O_CLOEXEC);
    if (fd < 0 || pread(fd, &byte, 1, (off_t)flip->place) != 1)
        give_up(full);
    byte ^= (uint8_t)flip->bit;
    if (pwrite(fd, &byte, 1, (off_t)flip->place) != 1)
        give_up(full);
    close(fd);
}

enum verdict { UNSEEN, SEEN, PLACED };

static bool is_placed(const json_t *finding, const struct flip *flip)
{
    int64_t offset = json_integer_value(json_object_get(finding, "offset"));
    int64_t bytes = json_integer_value(json_object_get(finding, "bytes"));
    if (flip->file->size <= NEAREST)
        return true;
    return offset >= 0 && bytes <= NEAREST && (uint64_t)offset <= flip->place &&
           flip->place < (uint64_t)(offset + bytes);
}

static enum verdict look(const struct qn_pipeline *pipeline, const struct flip *flip)
{
    struct qn_verify verify;
    struct qn_error err = {.offset = -1};
    enum verdict verdict = UNSEEN;
    size_t i;
    json_t *finding;
    if (qn_verify_run(&verify, root, pipeline, &quiet, &err))
        printf("error: %s\n", err.message);
    json_array_foreach(verify.findings, i, finding)
    {
        const char *file = json_string_value(json_object_get(finding, "file"));
        if (!file || strcmp(file, flip->file->path) != 0)
            continue;
        verdict = verdict == PLACED || is_placed(finding, flip) ? PLACED : SEEN;
    }
    qn_verify_release(&verify);
    return verdict;
}

int main(int argc, char **argv)
{
    uint64_t counts[3] = {0};
    if (argc != 4)
        give_up("usage: bitflips DATASET COUNT SEED");
    root = argv[1];
    uint64_t count = strtoull(argv[2], NULL, 10);
    state = strtoull(argv[3], NULL, 10);
    const struct qn_pipeline *pipeline = open_dataset();
    for (uint64_t i = 0; i < count; i++) {
        struct flip flip = draw(i);
        turn(&flip);
        enum verdict verdict = look(pipeline, &flip);
        turn(&flip);
        counts[verdict]++;
        if (verdict != PLACED)
            printf("%s: bit %u of byte %llu of %s\n", verdict ? "no place" : "not found", flip.bit,
                   (unsigned long long)flip.place, flip.file->path);
    }
    printf("%llu flipped bits in %zu files: %llu found, %llu of them with their place\n",
           (unsigned long long)count, file_count, (unsigned long long)(counts[1] + counts[2]),
           (unsigned long long)counts[2]);
    free(files);
    return counts[PLACED] < count;
}
