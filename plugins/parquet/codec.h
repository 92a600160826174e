/* SPDX-License-Identifier: MIT
 *
 * Compression of pages, and their checksum.
 */
#ifndef PARQUET_CODEC_H
#define PARQUET_CODEC_H

#include "bytes.h"
#include "format.h"

/* What one thread needs to compress or decompress: contexts that are used
 * again and again, and a buffer for the result. */
struct pq_scratch {
	const struct weir_host *ho;
	struct pq_bytes out;   /* the last result */
	struct pq_bytes aux;   /* levels, dictionaries: of who compresses */
	struct pq_bytes marks; /* likewise */
	void *zstd_in;
	void *zstd_out;
};

void pq_scratch_init(struct pq_scratch *sx, const struct weir_host *ho);
void pq_scratch_fini(struct pq_scratch *sx);

/* n bytes at p compressed into sx->out (for PQ_UNCOMPRESSED: nothing is done);
 * -1 when memory is out. */
int pq_compress(struct pq_scratch *sx, enum pq_codec codec, int level,
    const uint8_t *p, size_t n);

/* Exactly `want` bytes at `to`; -1 when they are something else. */
int pq_decompress(struct pq_scratch *sx, enum pq_codec codec, const uint8_t *p,
    size_t n, uint8_t *to, size_t want);

/* Can pq_decompress() do it? */
bool pq_codec_known(int codec);
const char *pq_codec_name(int codec);

/* CRC-32 (RFC 1952) of n bytes. */
uint32_t pq_crc32(uint32_t crc, const uint8_t *p, size_t n);

#endif
