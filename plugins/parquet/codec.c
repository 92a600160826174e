/* SPDX-License-Identifier: MIT
 *
 * The codecs of pages: zstd, snappy, gzip, raw LZ4, none.
 */
#include "codec.h"

#include <lz4.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

void
pq_scratch_init(struct pq_scratch *sx, const struct weir_host *ho)
{
	memset(sx, 0, sizeof *sx);
	sx->ho = ho;
	pq_bytes_init(&sx->out, ho);
	pq_bytes_init(&sx->aux, ho);
	pq_bytes_init(&sx->marks, ho);
}

void
pq_scratch_fini(struct pq_scratch *sx)
{
	if (sx->ho == NULL)
		return;
	pq_bytes_fini(&sx->out);
	pq_bytes_fini(&sx->aux);
	pq_bytes_fini(&sx->marks);
	ZSTD_freeCCtx(sx->zstd_in);
	ZSTD_freeDCtx(sx->zstd_out);
	sx->ho = NULL;
}

/* Room for the result; the old one is forgotten. */
static uint8_t *
out_room(struct pq_scratch *sx, size_t n)
{
	sx->out.len = 0;
	return pq_bytes_room(&sx->out, n);
}

static int
zstd_in(struct pq_scratch *sx, int level, const uint8_t *p, size_t n)
{
	uint8_t *to = out_room(sx, ZSTD_compressBound(n));
	size_t got;

	if (sx->zstd_in == NULL)
		sx->zstd_in = ZSTD_createCCtx();
	if (sx->zstd_in == NULL || to == NULL)
		return -1;
	got = ZSTD_compressCCtx(sx->zstd_in, to, sx->out.cap, p, n, level);
	if (ZSTD_isError(got))
		return -1;
	sx->out.len = got;
	return 0;
}

static int
gzip_in(struct pq_scratch *sx, int level, const uint8_t *p, size_t n)
{
	uint8_t *to = out_room(sx, compressBound(n) + 32);
	z_stream z;
	int rc;

	memset(&z, 0, sizeof z);
	if (to == NULL ||
	    deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	z.next_in = (uint8_t *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = to;
	z.avail_out = (uInt)sx->out.cap;
	rc = deflate(&z, Z_FINISH);
	sx->out.len = z.total_out;
	deflateEnd(&z);
	return rc == Z_STREAM_END ? 0 : -1;
}

static int
snappy_in(struct pq_scratch *sx, const uint8_t *p, size_t n)
{
	size_t got = snappy_max_compressed_length(n);
	uint8_t *to = out_room(sx, got);

	if (to == NULL ||
	    snappy_compress((const char *)p, n, (char *)to, &got) != SNAPPY_OK)
		return -1;
	sx->out.len = got;
	return 0;
}

static int
lz4_in(struct pq_scratch *sx, const uint8_t *p, size_t n)
{
	int bound = LZ4_compressBound((int)n);
	uint8_t *to = out_room(sx, (size_t)bound);
	int got;

	if (to == NULL || bound <= 0)
		return -1;
	got = LZ4_compress_default((const char *)p, (char *)to, (int)n, bound);
	if (got <= 0)
		return -1;
	sx->out.len = (size_t)got;
	return 0;
}

int
pq_compress(struct pq_scratch *sx, enum pq_codec codec, int level,
    const uint8_t *p, size_t n)
{
	switch (codec) {
	case PQ_UNCOMPRESSED:
		return 0;
	case PQ_SNAPPY:
		return snappy_in(sx, p, n);
	case PQ_GZIP:
		return gzip_in(sx, level, p, n);
	case PQ_ZSTD:
		return zstd_in(sx, level, p, n);
	case PQ_LZ4_RAW:
		return lz4_in(sx, p, n);
	default:
		return -1;
	}
}

static int
gzip_out(const uint8_t *p, size_t n, uint8_t *to, size_t want)
{
	z_stream z;
	int rc;

	memset(&z, 0, sizeof z);
	if (inflateInit2(&z, 15 + 32) != Z_OK)
		return -1;
	z.next_in = (uint8_t *)(uintptr_t)p;
	z.avail_in = (uInt)n;
	z.next_out = to;
	z.avail_out = (uInt)want;
	/* a page may be several gzip members one after the other */
	while ((rc = inflate(&z, Z_FINISH)) == Z_STREAM_END && z.avail_in > 0)
		if (inflateReset(&z) != Z_OK)
			break;
	inflateEnd(&z);
	return rc == Z_STREAM_END && z.avail_out == 0 ? 0 : -1;
}

int
pq_decompress(struct pq_scratch *sx, enum pq_codec codec, const uint8_t *p,
    size_t n, uint8_t *to, size_t want)
{
	size_t got = want;

	if (n > INT32_MAX || want > INT32_MAX)
		return -1;
	switch (codec) {
	case PQ_UNCOMPRESSED:
		if (n != want)
			return -1;
		if (n != 0)
			memcpy(to, p, n);
		return 0;
	case PQ_SNAPPY:
		if (snappy_uncompress((const char *)p, n, (char *)to, &got) !=
		    SNAPPY_OK)
			return -1;
		return got == want ? 0 : -1;
	case PQ_GZIP:
		return gzip_out(p, n, to, want);
	case PQ_ZSTD:
		if (sx->zstd_out == NULL)
			sx->zstd_out = ZSTD_createDCtx();
		if (sx->zstd_out == NULL)
			return -1;
		return ZSTD_decompressDCtx(sx->zstd_out, to, want, p, n) == want
		    ? 0
		    : -1;
	case PQ_LZ4_RAW:
		return LZ4_decompress_safe((const char *)p, (char *)to, (int)n,
			   (int)want) == (int)want
		    ? 0
		    : -1;
	default:
		return -1;
	}
}

bool
pq_codec_known(int codec)
{
	return codec == PQ_UNCOMPRESSED || codec == PQ_SNAPPY ||
	    codec == PQ_GZIP || codec == PQ_ZSTD || codec == PQ_LZ4_RAW;
}

const char *
pq_codec_name(int codec)
{
	static const char *const name[] = { "none", "snappy", "gzip", "lzo",
		"brotli", "lz4", "zstd", "lz4_raw" };

	if (codec < 0 || codec >= (int)(sizeof name / sizeof *name))
		return "unknown";
	return name[codec];
}
