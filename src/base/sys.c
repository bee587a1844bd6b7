/* The table of real system calls: see sys.h. */
#include "base/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_cloexec(const char *path, int flags, mode_t mode)
{
    return open(path, flags | O_CLOEXEC, mode);
}

static int real_renameat2(const char *from, const char *to, unsigned flags)
{
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

struct qn_sys qn_sys = {
    .malloc = malloc,
    .calloc = calloc,
    .realloc = realloc,
    .open = open_cloexec,
    .close = close,
    .read = read,
    .write = write,
    .pread = pread,
    .pwrite = pwrite,
    .fsync = fsync,
    .fdatasync = fdatasync,
    .ftruncate = ftruncate,
    .rename = rename,
    .renameat2 = real_renameat2,
    .link = link,
    .unlink = unlink,
    .rmdir = rmdir,
    .mkdir = mkdir,
    .stat = stat,
    .fstat = fstat,
    .opendir = opendir,
    .readdir = readdir,
    .mmap = mmap,
    .fork = fork,
    .socketpair = socketpair,
    .sendmsg = sendmsg,
    .recvmsg = recvmsg,
};
