/* CRC32C (Castagnoli; polynomial 0x1EDC6F41 reflected, init and xorout all ones): ledger frames,
 * Zarr shard indexes, per-chunk checksums of the manifest. "123456789" gives 0xE3069283. */
#ifndef QN_BASE_CRC32C_H
#define QN_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to start) over `len` bytes. Uses SSE4.2 where the CPU has it. */
uint32_t qn_crc32c(uint32_t crc, const void *bytes, size_t len);

/* The table version that is the reference in tests. */
uint32_t qn_crc32c_portable(uint32_t crc, const void *bytes, size_t len);

#endif
