/* See witness.h. A record is  operation u32 | two lengths u32 | two numbers u64 | two texts,
 * written by one call to a file opened for appending, so that records of several processes do not
 * mix and stand in an order that respects cause and effect. */
#include "witness.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum operation {
    OP_OPEN = 1, /* path; inode, flags */
    OP_WRITE,    /* data; inode, offset */
    OP_TRUNCATE, /* inode, length */
    OP_SYNC,     /* path (of a folder, else ""); inode */
    OP_RENAME,   /* from, to; 0, flags */
    OP_LINK,     /* from, to */
    OP_UNLINK,   /* path */
    OP_RMDIR,    /* path */
    OP_MKDIR     /* path */
};

enum counted { CHANGES, READS, MEMORY };

static struct qn_sys real;
static const char *root, *input;
static int record_fd = -1;
static _Atomic uint64_t *counter;
static enum counted counted;
static uint64_t kill_at, fail_at;
static int fail_errno;

static bool is_below(const char *path, const char *top)
{
    return top && strncmp(path, top, strlen(top)) == 0;
}

static bool concerns(const char *path)
{
    return is_below(path, root);
}

static bool is_read(const char *path)
{
    return is_below(path, root) || is_below(path, input);
}

static bool path_behind(int fd, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, PATH_MAX - 1);
    path[len > 0 ? len : 0] = '\0';
    return len > 0;
}

static bool path_of(int fd, char path[PATH_MAX])
{
    return path_behind(fd, path) && concerns(path);
}

/* Where a debugger may stop to see who is struck. */
__attribute__((noinline)) static void witness_struck(void)
{
    __asm__ volatile("");
}

/* Counts a call; true if it is the one. */
static bool hits(enum counted class)
{
    if (class != counted || !counter)
        return false;
    uint64_t now = atomic_fetch_add(counter, 1) + 1;
    if (kill_at && now == kill_at)
        raise(SIGKILL);
    if (!fail_at || now != fail_at)
        return false;
    witness_struck();
    return true;
}

/* True if the call shall fail, with errno set. */
static bool strikes(enum counted class)
{
    if (!hits(class) || !fail_errno)
        return false;
    errno = fail_errno;
    return true;
}

/* The same for a call that transfers `len` bytes, which may become fewer. */
static bool strikes_transfer(enum counted class, size_t *len)
{
    if (!hits(class))
        return false;
    if (!fail_errno)
        *len = (*len + 1) / 2;
    errno = fail_errno;
    return fail_errno != 0;
}

/* A call and its record are one step: who sees what a call made waits for its record. The lock is
 * the process's, so that it ends with it. */
static void lock_record(short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    int error = errno;
    while (record_fd >= 0 && fcntl(record_fd, F_SETLKW, &whole) < 0 && errno == EINTR)
        continue;
    errno = error;
}

static void hold(void)
{
    lock_record(F_WRLCK);
}

static void release(void)
{
    lock_record(F_UNLCK);
}

static void put(enum operation operation, const void *a, size_t a_len, const void *b, size_t b_len,
                uint64_t x, uint64_t y)
{
    struct {
        uint32_t operation, a_len, b_len, zero;
        uint64_t x, y;
    } head = {operation, (uint32_t)a_len, (uint32_t)b_len, 0, x, y};
    struct iovec parts[] = {
        {&head, sizeof head}, {(void *)(uintptr_t)a, a_len}, {(void *)(uintptr_t)b, b_len}};
    int error = errno;
    if (record_fd >= 0 && writev(record_fd, parts, 3) != (ssize_t)(sizeof head + a_len + b_len))
        _exit(99);
    errno = error;
}

static void put_paths(enum operation operation, const char *a, const char *b, uint64_t y)
{
    put(operation, a, strlen(a), b, strlen(b), 0, y);
}

static uint64_t inode_of(int fd)
{
    struct stat st = {0};
    real.fstat(fd, &st);
    return st.st_ino;
}

static int witness_open(const char *path, int flags, mode_t mode)
{
    bool changes = concerns(path) && (flags & (O_CREAT | O_TRUNC));
    if (changes && strikes(CHANGES))
        return -1;
    if (!changes && is_read(path) && strikes(READS))
        return -1;
    hold();
    int fd = real.open(path, flags, mode);
    if (changes && fd >= 0)
        put(OP_OPEN, path, strlen(path), "", 0, inode_of(fd), (uint64_t)flags);
    release();
    return fd;
}

static ssize_t witness_write(int fd, const void *bytes, size_t len)
{
    char path[PATH_MAX];
    bool ours = path_of(fd, path);
    if (ours && strikes_transfer(CHANGES, &len))
        return -1;
    hold();
    ssize_t n = real.write(fd, bytes, len);
    if (ours && n > 0)
        put(OP_WRITE, bytes, (size_t)n, "", 0, inode_of(fd),
            (uint64_t)(lseek(fd, 0, SEEK_CUR) - n));
    release();
    return n;
}

static ssize_t witness_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    char path[PATH_MAX];
    bool ours = path_of(fd, path);
    if (ours && strikes_transfer(CHANGES, &len))
        return -1;
    hold();
    ssize_t n = real.pwrite(fd, bytes, len, offset);
    if (ours && n > 0)
        put(OP_WRITE, bytes, (size_t)n, "", 0, inode_of(fd), (uint64_t)offset);
    release();
    return n;
}

/* The disk need not be waited for: what a sync promises is the replayer's business. */
static int witness_sync(int fd)
{
    char path[PATH_MAX];
    struct stat st;
    if (!path_of(fd, path))
        return 0;
    if (strikes(CHANGES) || real.fstat(fd, &st) < 0)
        return -1;
    hold();
    put(OP_SYNC, path, S_ISDIR(st.st_mode) ? strlen(path) : 0, "", 0, st.st_ino, 0);
    release();
    return 0;
}

static int witness_ftruncate(int fd, off_t length)
{
    char path[PATH_MAX];
    bool ours = path_of(fd, path);
    if (ours && strikes(CHANGES))
        return -1;
    hold();
    int result = real.ftruncate(fd, length);
    if (ours && result == 0)
        put(OP_TRUNCATE, "", 0, "", 0, inode_of(fd), (uint64_t)length);
    release();
    return result;
}

static int witness_renameat2(const char *from, const char *to, unsigned flags)
{
    if (concerns(from) && strikes(CHANGES))
        return -1;
    hold();
    int result = real.renameat2(from, to, flags);
    if (concerns(from) && result == 0)
        put_paths(OP_RENAME, from, to, flags);
    release();
    return result;
}

static int witness_rename(const char *from, const char *to)
{
    if (concerns(from) && strikes(CHANGES))
        return -1;
    hold();
    int result = real.rename(from, to);
    if (concerns(from) && result == 0)
        put_paths(OP_RENAME, from, to, 0);
    release();
    return result;
}

static int witness_link(const char *from, const char *to)
{
    if (concerns(to) && strikes(CHANGES))
        return -1;
    hold();
    int result = real.link(from, to);
    if (concerns(to) && result == 0)
        put_paths(OP_LINK, from, to, 0);
    release();
    return result;
}

static int witness_unlink(const char *path)
{
    if (concerns(path) && strikes(CHANGES))
        return -1;
    hold();
    int result = real.unlink(path);
    if (concerns(path) && result == 0)
        put_paths(OP_UNLINK, path, "", 0);
    release();
    return result;
}

static int witness_rmdir(const char *path)
{
    if (concerns(path) && strikes(CHANGES))
        return -1;
    hold();
    int result = real.rmdir(path);
    if (concerns(path) && result == 0)
        put_paths(OP_RMDIR, path, "", 0);
    release();
    return result;
}

static int witness_mkdir(const char *path, mode_t mode)
{
    if (concerns(path) && strikes(CHANGES))
        return -1;
    hold();
    int result = real.mkdir(path, mode);
    if (concerns(path) && result == 0)
        put_paths(OP_MKDIR, path, "", 0);
    release();
    return result;
}

/* ---- calls that are only counted ------------------------------------------------------------- */

static bool strikes_read(int fd, size_t *len)
{
    char path[PATH_MAX];
    return counted == READS && path_behind(fd, path) && is_read(path) &&
           strikes_transfer(READS, len);
}

static ssize_t witness_read(int fd, void *bytes, size_t len)
{
    return strikes_read(fd, &len) ? -1 : real.read(fd, bytes, len);
}

static ssize_t witness_pread(int fd, void *bytes, size_t len, off_t offset)
{
    return strikes_read(fd, &len) ? -1 : real.pread(fd, bytes, len, offset);
}

static int witness_stat(const char *path, struct stat *st)
{
    return is_read(path) && strikes(READS) ? -1 : real.stat(path, st);
}

static DIR *witness_opendir(const char *path)
{
    return is_read(path) && strikes(READS) ? NULL : real.opendir(path);
}

static struct dirent *witness_readdir(DIR *dir)
{
    size_t none = 0;
    return strikes_read(dirfd(dir), &none) ? NULL : real.readdir(dir);
}

static int witness_fstat(int fd, struct stat *st)
{
    size_t none = 0;
    return strikes_read(fd, &none) ? -1 : real.fstat(fd, st);
}

static void *witness_malloc(size_t size)
{
    return strikes(MEMORY) ? NULL : real.malloc(size);
}

static void *witness_calloc(size_t n, size_t size)
{
    return strikes(MEMORY) ? NULL : real.calloc(n, size);
}

static void *witness_realloc(void *pointer, size_t size)
{
    return strikes(MEMORY) ? NULL : real.realloc(pointer, size);
}

static void *witness_mmap(void *address, size_t len, int protection, int flags, int fd,
                          off_t offset)
{
    return strikes(MEMORY) ? MAP_FAILED : real.mmap(address, len, protection, flags, fd, offset);
}

/* ---- the beginning --------------------------------------------------------------------------- */

static uint64_t number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : 0;
}

static int open_or_die(const char *path, int flags)
{
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        perror(path);
        exit(98);
    }
    return fd;
}

void witness_begin(void)
{
    const char *record = getenv("QUERN_WITNESS");
    const char *count = getenv("QUERN_COUNTER");
    root = getenv("QUERN_ROOT");
    if (!root)
        return;
    input = getenv("QUERN_INPUT");
    const char *which = getenv("QUERN_COUNTED");
    counted = which && !strcmp(which, "reads")    ? READS
              : which && !strcmp(which, "memory") ? MEMORY
                                                  : CHANGES;
    kill_at = number("QUERN_KILL_AT");
    fail_at = number("QUERN_FAIL_AT");
    fail_errno = (int)number("QUERN_ERRNO");
    if (record)
        record_fd = open_or_die(record, O_WRONLY | O_APPEND);
    if (count) {
        int fd = open_or_die(count, O_RDWR);
        if (ftruncate(fd, sizeof *counter) == 0)
            counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (counter == NULL || counter == MAP_FAILED)
            exit(98);
        close(fd);
    }
    real = qn_sys;
    qn_sys.open = witness_open;
    qn_sys.write = witness_write;
    qn_sys.pwrite = witness_pwrite;
    qn_sys.fsync = witness_sync;
    qn_sys.fdatasync = witness_sync;
    qn_sys.ftruncate = witness_ftruncate;
    qn_sys.rename = witness_rename;
    qn_sys.renameat2 = witness_renameat2;
    qn_sys.link = witness_link;
    qn_sys.unlink = witness_unlink;
    qn_sys.rmdir = witness_rmdir;
    qn_sys.mkdir = witness_mkdir;
    qn_sys.read = witness_read;
    qn_sys.pread = witness_pread;
    qn_sys.stat = witness_stat;
    qn_sys.fstat = witness_fstat;
    qn_sys.opendir = witness_opendir;
    qn_sys.readdir = witness_readdir;
    qn_sys.malloc = witness_malloc;
    qn_sys.calloc = witness_calloc;
    qn_sys.realloc = witness_realloc;
    qn_sys.mmap = witness_mmap;
}
