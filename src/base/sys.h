/* The seam between Quern and the operating system.
 *
 * Every fallible system call and every allocation of the library goes through this table, so
 * that a test can make the n-th call fail, or die at it, for every n. Call them as
 * qn_sys.pread(...). Members behave as the call they are named after (see its man page).
 * Pure calls that cannot fail, and calls on already open sockets in the event loop whose
 * failure ends the process, may go direct.
 */
#ifndef QN_BASE_SYS_H
#define QN_BASE_SYS_H

#include <dirent.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>

struct qn_sys {
    void *(*malloc)(size_t size);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *pointer, size_t size);
    int (*open)(const char *path, int flags, mode_t mode);
    int (*close)(int fd);
    ssize_t (*read)(int fd, void *bytes, size_t len);
    ssize_t (*write)(int fd, const void *bytes, size_t len);
    ssize_t (*pread)(int fd, void *bytes, size_t len, off_t offset);
    ssize_t (*pwrite)(int fd, const void *bytes, size_t len, off_t offset);
    int (*fsync)(int fd);
    int (*fdatasync)(int fd);
    int (*ftruncate)(int fd, off_t length);
    int (*rename)(const char *from, const char *to);
    int (*renameat2)(const char *from, const char *to, unsigned flags);
    int (*link)(const char *from, const char *to);
    int (*unlink)(const char *path);
    int (*rmdir)(const char *path);
    int (*mkdir)(const char *path, mode_t mode);
    int (*stat)(const char *path, struct stat *st);
    int (*fstat)(int fd, struct stat *st);
    DIR *(*opendir)(const char *path);
    struct dirent *(*readdir)(DIR *dir);
    void *(*mmap)(void *address, size_t len, int protection, int flags, int fd, off_t offset);
    pid_t (*fork)(void);
    int (*socketpair)(int domain, int type, int protocol, int fds[2]);
    ssize_t (*sendmsg)(int fd, const struct msghdr *message, int flags);
    ssize_t (*recvmsg)(int fd, struct msghdr *message, int flags);
};

extern struct qn_sys qn_sys;

#endif
