/* The seam with a saboteur in it: see saboteur.h. */
#include "saboteur.h"

#include "base/json_memory.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct qn_sys real;
static struct plot plot;
static uint64_t target, count;
static bool struck;

/* Counts a call; true if it shall fail, with errno set. */
static bool strikes(enum call_class class)
{
    if (!target || !(plot.classes & class))
        return false;
    count++;
    if (count < target || (count > target && plot.sabotage != SABOTAGE_ALWAYS))
        return false;
    struck = true;
    if (plot.sabotage == SABOTAGE_DIE || plot.sabotage == SABOTAGE_TEAR)
        _exit(SABOTEUR_EXIT);
    errno = plot.error;
    return true;
}

static void *sabotaged_malloc(size_t size)
{
    return strikes(CALL_ALLOCATION) ? NULL : real.malloc(size);
}

static void *sabotaged_calloc(size_t n, size_t size)
{
    return strikes(CALL_ALLOCATION) ? NULL : real.calloc(n, size);
}

static void *sabotaged_realloc(void *pointer, size_t size)
{
    return strikes(CALL_ALLOCATION) ? NULL : real.realloc(pointer, size);
}

static void *sabotaged_mmap(void *address, size_t len, int protection, int flags, int fd,
                            off_t offset)
{
    if (strikes(CALL_ALLOCATION))
        return MAP_FAILED;
    return real.mmap(address, len, protection, flags, fd, offset);
}

static int sabotaged_open(const char *path, int flags, mode_t mode)
{
    bool creates = (flags & O_CREAT) != 0;
    return strikes(creates ? CALL_WRITING : CALL_READING) ? -1 : real.open(path, flags, mode);
}

/* A descriptor is closed even when close reports an error. */
static int sabotaged_close(int fd)
{
    bool fails = strikes(CALL_REMOVING);
    int error = errno;
    int result = real.close(fd);
    if (!fails)
        return result;
    errno = error;
    return -1;
}

static ssize_t sabotaged_read(int fd, void *bytes, size_t len)
{
    return strikes(CALL_READING) ? -1 : real.read(fd, bytes, len);
}

static ssize_t sabotaged_pread(int fd, void *bytes, size_t len, off_t offset)
{
    return strikes(CALL_READING) ? -1 : real.pread(fd, bytes, len, offset);
}

/* True if this write is the one that shall be torn. */
static bool tears(void)
{
    return target && plot.sabotage == SABOTAGE_TEAR && (plot.classes & CALL_WRITING) &&
           count + 1 == target;
}

static ssize_t sabotaged_write(int fd, const void *bytes, size_t len)
{
    if (tears() && real.write(fd, bytes, len / 2) < 0)
        _exit(1);
    return strikes(CALL_WRITING) ? -1 : real.write(fd, bytes, len);
}

static ssize_t sabotaged_pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    if (tears() && real.pwrite(fd, bytes, len / 2, offset) < 0)
        _exit(1);
    return strikes(CALL_WRITING) ? -1 : real.pwrite(fd, bytes, len, offset);
}

static int sabotaged_sync(int fd)
{
    (void)fd;
    return strikes(CALL_WRITING) ? -1 : 0;
}

static int sabotaged_ftruncate(int fd, off_t len)
{
    return strikes(CALL_WRITING) ? -1 : real.ftruncate(fd, len);
}

static int sabotaged_rename(const char *from, const char *to)
{
    return strikes(CALL_WRITING) ? -1 : real.rename(from, to);
}

static int sabotaged_renameat2(const char *from, const char *to, unsigned flags)
{
    return strikes(CALL_WRITING) ? -1 : real.renameat2(from, to, flags);
}

static int sabotaged_link(const char *from, const char *to)
{
    return strikes(CALL_WRITING) ? -1 : real.link(from, to);
}

static int sabotaged_mkdir(const char *path, mode_t mode)
{
    return strikes(CALL_WRITING) ? -1 : real.mkdir(path, mode);
}

static int sabotaged_unlink(const char *path)
{
    return strikes(CALL_REMOVING) ? -1 : real.unlink(path);
}

static int sabotaged_rmdir(const char *path)
{
    return strikes(CALL_REMOVING) ? -1 : real.rmdir(path);
}

static DIR *sabotaged_opendir(const char *path)
{
    return strikes(CALL_READING) ? NULL : real.opendir(path);
}

static struct dirent *sabotaged_readdir(DIR *dir)
{
    return strikes(CALL_READING) ? NULL : real.readdir(dir);
}

static int sabotaged_stat(const char *path, struct stat *st)
{
    return strikes(CALL_READING) ? -1 : real.stat(path, st);
}

static int sabotaged_fstat(int fd, struct stat *st)
{
    return strikes(CALL_READING) ? -1 : real.fstat(fd, st);
}

static pid_t sabotaged_fork(void)
{
    return strikes(CALL_PROCESS) ? -1 : real.fork();
}

static int sabotaged_socketpair(int domain, int type, int protocol, int fds[2])
{
    return strikes(CALL_PROCESS) ? -1 : real.socketpair(domain, type, protocol, fds);
}

static ssize_t sabotaged_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return strikes(CALL_MESSAGE) ? -1 : real.sendmsg(fd, message, flags);
}

static ssize_t sabotaged_recvmsg(int fd, struct msghdr *message, int flags)
{
    return strikes(CALL_MESSAGE) ? -1 : real.recvmsg(fd, message, flags);
}

void saboteur_enter(void)
{
    real = qn_sys;
    qn_sys.malloc = sabotaged_malloc;
    qn_sys.calloc = sabotaged_calloc;
    qn_sys.realloc = sabotaged_realloc;
    qn_sys.mmap = sabotaged_mmap;
    qn_sys.open = sabotaged_open;
    qn_sys.close = sabotaged_close;
    qn_sys.read = sabotaged_read;
    qn_sys.pread = sabotaged_pread;
    qn_sys.write = sabotaged_write;
    qn_sys.pwrite = sabotaged_pwrite;
    qn_sys.fsync = sabotaged_sync;
    qn_sys.fdatasync = sabotaged_sync;
    qn_sys.ftruncate = sabotaged_ftruncate;
    qn_sys.rename = sabotaged_rename;
    qn_sys.renameat2 = sabotaged_renameat2;
    qn_sys.link = sabotaged_link;
    qn_sys.mkdir = sabotaged_mkdir;
    qn_sys.unlink = sabotaged_unlink;
    qn_sys.rmdir = sabotaged_rmdir;
    qn_sys.stat = sabotaged_stat;
    qn_sys.opendir = sabotaged_opendir;
    qn_sys.readdir = sabotaged_readdir;
    qn_sys.fstat = sabotaged_fstat;
    qn_sys.fork = sabotaged_fork;
    qn_sys.socketpair = sabotaged_socketpair;
    qn_sys.sendmsg = sabotaged_sendmsg;
    qn_sys.recvmsg = sabotaged_recvmsg;
    qn_json_watch(); /* through qn_sys */
}

void saboteur_arm(const struct plot *next, uint64_t n)
{
    plot = *next;
    target = n;
    count = 0;
    struck = false;
}

uint64_t saboteur_count(void)
{
    return count;
}

bool saboteur_struck(void)
{
    return struck;
}

bool saboteur_leaks(void)
{
#if defined(__SANITIZE_ADDRESS__)
    int __lsan_do_recoverable_leak_check(void);
    return __lsan_do_recoverable_leak_check() != 0;
#else
    return false;
#endif
}
