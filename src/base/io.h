/* Whole-file and whole-buffer I/O over the seam: loops over short reads and EINTR, says what
 * failed and where. Used by every layer. */
#ifndef QN_BASE_IO_H
#define QN_BASE_IO_H

#include "base/buf.h"

#include <quern/error.h>

/* Opens a file for reading; the error names the path. Pipes are refused. The descriptor goes to
 * *fd, -1 if there is none. */
enum qn_status qn_open_read(const char *path, int *fd, struct qn_error *err);

/* Reads exactly `len` bytes at `offset`. A file that ends before is QN_ERR_INPUT with the offset
 * where it ended. `path` is for the message only. */
enum qn_status qn_read_at(int fd, const char *path, void *bytes, size_t len, uint64_t offset,
                          struct qn_error *err);

/* Writes exactly `len` bytes at the current position / at `offset`. */
enum qn_status qn_write_all(int fd, const char *path, const void *bytes, size_t len,
                            struct qn_error *err);
enum qn_status qn_write_at(int fd, const char *path, const void *bytes, size_t len, uint64_t offset,
                           struct qn_error *err);

/* The whole file, appended to `buf`; at most `limit` bytes, a larger file is QN_ERR_INPUT. */
enum qn_status qn_read_file(const char *path, struct qn_buf *buf, uint64_t limit,
                            struct qn_error *err);

/* What marks the name of a file under way, and a text that no other process has, on this machine or
 * on another that shares the folder. */
#define QN_TEMPORARY_MARK ".quern-tmp-"
const char *qn_process_tag(void);

/* Creates a file to read and write that is new for sure: what bears the name, such as a link to
 * elsewhere that somebody laid there, is removed and not followed. As open: -1 and errno. */
int qn_create_new(const char *path);

/* Opens a file to read and write that is written for long under a temporary name of its own. One
 * that a killed process left is taken over as it is, one that another is writing is QN_ERR_EXISTS;
 * links are not followed. The claim ends when *fd is closed: after the file got its final name. */
enum qn_status qn_open_claimed(const char *path, int *fd, struct qn_error *err);

/* Writes a file so that a reader sees the old or the new one, never a half: temporary name in
 * the same folder, of this process alone, fsync, rename, fsync of the folder. For folders that are
 * swept of what killed processes leave: datasets. Elsewhere it is qn_fresh_put (base/fresh.h). */
enum qn_status qn_write_file(const char *path, const void *bytes, size_t len, struct qn_error *err);

/* mkdir -p of `path` itself / of the folder that holds `path`. */
enum qn_status qn_make_dirs(const char *path, struct qn_error *err);
enum qn_status qn_make_parent(const char *path, struct qn_error *err);

/* fsync of the folder that holds `path`: makes a rename or create in it durable. */
enum qn_status qn_sync_parent(const char *path, struct qn_error *err);

/* rm -rf. A path that is not there is fine. Does not follow symbolic links. */
enum qn_status qn_remove_tree(const char *path, struct qn_error *err);

/* From now on fsync and fdatasync of this process cost nothing: what is written survives the death
 * of every process, but not a loss of power. */
void qn_skip_syncs(void);

#endif
