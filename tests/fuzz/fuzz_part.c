/* Any bytes as the part file of a task, its checksum set right: what it lists stays below the
 * dataset, whatever it says. */
#include "fuzz.h"

#include "base/crc32c.h"
#include "engine/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const fuzz_words[] = {"QNP2", "../", "/", "flour/00000.bin", ".quern/parts/", NULL};

static char root[64];

static void remove_root(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/.quern/parts", root);
    rmdir(path);
    snprintf(path, sizeof path, "%s/.quern", root);
    rmdir(path);
    rmdir(root);
}

static void make_root(void)
{
    char path[128];
    snprintf(root, sizeof root, "/dev/shm/quern-fuzz-part-%d", (int)getpid());
    mkdir(root, 0700);
    snprintf(path, sizeof path, "%s/.quern", root);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/.quern/parts", root);
    if (mkdir(path, 0700) < 0 || atexit(remove_root) != 0)
        abort();
}

static bool leads_out(const char *path)
{
    size_t len = strlen(path);
    return path[0] == '/' || !strcmp(path, "..") || !strncmp(path, "../", 3) ||
           strstr(path, "/../") || (len > 2 && !strcmp(path + len - 3, "/.."));
}

static void look_at(const struct qn_part *part)
{
    struct qn_cursor files = part->files;
    struct qn_file file;
    while (qn_file_next(&files, &file)) {
        FUZZ_REQUIRE(!leads_out(file.path));
        FUZZ_REQUIRE(file.chunk_count == 0 || file.chunks);
        FUZZ_REQUIRE(file.block_count == 0 || file.blocks);
    }
    (void)qn_part_files_stand(root, part, QN_PART_SIZES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[PATH_MAX];
    struct qn_part part;
    uint8_t *copy = malloc(size + 1);
    if (!*root)
        make_root();
    if (!copy)
        return 0;
    if (size > 0)
        memcpy(copy, data, size);
    if (size > 8) {
        uint32_t crc = qn_crc32c(0, copy + 8, size - 8);
        memcpy(copy + 4, &crc, 4);
    }
    qn_part_path(root, 0, path);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(copy, 1, size, file) != size || fclose(file) != 0)
        abort();
    if (!qn_part_read(root, "", 0, &part, NULL)) {
        look_at(&part);
        qn_buf_release(&part.bytes);
    }
    unlink(path);
    free(copy);
    return 0;
}
