/* SPDX-License-Identifier: MIT
 *
 * Reading a file's footer.
 */
#include "meta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "thrift.h"

#define MAX_NODES 100000u

int
pq_read_at(int fd, void *to, size_t n, uint64_t offset)
{
	char *p = to;
	ssize_t got;

	while (n > 0) {
		got = pread(fd, p, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0)
				errno = EIO;
			return -1;
		}
		p += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

/* One more element of an array, zeroed; NULL when memory is out. */
static void *
grow(struct pq_meta *m, void **array, uint32_t n, size_t width)
{
	char *p;

	/* the room doubles at powers of two */
	if ((n & (n - 1)) == 0) {
		p = m->ho->realloc(*array, (n == 0 ? 1 : 2 * (size_t)n) *
		    width);
		if (p == NULL)
			return NULL;
		*array = p;
	}
	p = (char *)*array + n * width;
	memset(p, 0, width);
	return p;
}

static const char *
get_text(struct pq_get *ge, uint32_t *len)
{
	size_t n;
	const uint8_t *p = pq_get_bin(ge, &n);

	*len = (uint32_t)n;
	return (const char *)p;
}

/* ---- the schema */

/* A struct with one member that is set: which. */
static int
get_union(struct pq_get *ge)
{
	int id, which = 0;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0) {
		which = id;
		pq_get_skip(ge);
	}
	return which;
}

static void
get_time(struct pq_get *ge, struct pq_node *no)
{
	int id;

	no->has_time = true;
	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0)
		if (id == 1)
			no->utc = pq_get_bool(ge);
		else if (id == 2)
			no->unit = get_union(ge);
		else
			pq_get_skip(ge);
}

static void
get_decimal(struct pq_get *ge, struct pq_node *no)
{
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0)
		if (id == 1)
			no->scale = (int)pq_get_int(ge);
		else if (id == 2)
			no->precision = (int)pq_get_int(ge);
		else
			pq_get_skip(ge);
}

static void
get_integer(struct pq_get *ge, struct pq_node *no)
{
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0)
		if (id == 1)
			no->int_bits = (int)pq_get_int(ge);
		else if (id == 2)
			no->int_signed = pq_get_bool(ge);
		else
			pq_get_skip(ge);
}

static void
get_logical(struct pq_get *ge, struct pq_node *no)
{
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0) {
		no->logical = id;
		if (id == PQ_L_DECIMAL)
			get_decimal(ge, no);
		else if (id == PQ_L_TIME || id == PQ_L_TIMESTAMP)
			get_time(ge, no);
		else if (id == PQ_L_INTEGER)
			get_integer(ge, no);
		else
			pq_get_skip(ge);
	}
}

static void
get_node(struct pq_get *ge, struct pq_node *no)
{
	int id;

	no->phys = -1;
	no->converted = PQ_C_NONE;
	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0) {
		switch (id) {
		case 1:
			no->phys = (int)pq_get_int(ge);
			break;
		case 2:
			no->fixed_len = (uint32_t)pq_get_int(ge);
			break;
		case 3:
			no->repetition = (int)pq_get_int(ge);
			break;
		case 4:
			no->name = get_text(ge, &no->name_len);
			break;
		case 5:
			no->nchildren = (uint32_t)pq_get_int(ge);
			break;
		case 6:
			no->converted = (int)pq_get_int(ge);
			break;
		case 7:
			no->scale = (int)pq_get_int(ge);
			break;
		case 8:
			no->precision = (int)pq_get_int(ge);
			break;
		case 10:
			get_logical(ge, no);
			break;
		default:
			pq_get_skip(ge);
		}
	}
}

static bool
get_schema(struct pq_get *ge, struct pq_meta *m)
{
	size_t n = pq_get_list(ge), i;
	enum pq_ttype type = ge->type;
	struct pq_node *no;

	if (n > MAX_NODES)
		return false;
	for (i = 0; i < n && !ge->bad; i++) {
		no = grow(m, (void **)&m->nodes, m->nnodes, sizeof *no);
		if (no == NULL)
			return false;
		m->nnodes++;
		ge->type = type;
		get_node(ge, no);
		m->nleaves += no->phys >= 0;
		if (no->name == NULL || no->phys >= PQ_PHYS ||
		    no->repetition < 0 || no->repetition > PQ_REPEATED)
			ge->bad = true;
	}
	return true;
}

/* ---- row groups */

static void
get_chunk_meta(struct pq_get *ge, struct pq_chunk *ch)
{
	int64_t data = 0, dict = 0, len = 0;
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0) {
		switch (id) {
		case 1:
			ch->phys = (int)pq_get_int(ge);
			break;
		case 4:
			ch->codec = (int)pq_get_int(ge);
			break;
		case 5:
			ch->values = pq_get_int(ge);
			break;
		case 7:
			len = pq_get_int(ge);
			break;
		case 9:
			data = pq_get_int(ge);
			break;
		case 11:
			dict = pq_get_int(ge);
			break;
		default:
			pq_get_skip(ge);
		}
	}
	/* some writers put 0 where there is no dictionary */
	ch->start = (uint64_t)(dict > 0 && dict < data ? dict : data);
	ch->len = (uint64_t)len;
	if (data < 0 || len < 0 || ch->values < 0)
		ge->bad = true;
}

static void
get_chunk(struct pq_get *ge, struct pq_chunk *ch)
{
	uint32_t path_len = 0;
	bool meta = false;
	int id;

	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0) {
		if (id == 1)
			(void)get_text(ge, &path_len);
		else if (id == 3) {
			get_chunk_meta(ge, ch);
			meta = true;
		} else {
			ch->encrypted |= id == 8 || id == 9;
			pq_get_skip(ge);
		}
	}
	/* chunks in other files do not occur in practice */
	if ((!meta && !ch->encrypted) || path_len != 0)
		ge->bad = true;
}

static bool
get_group(struct pq_get *ge, struct pq_meta *m, struct pq_group *gr)
{
	struct pq_chunk *ch;
	enum pq_ttype type;
	size_t n, i;
	int id;

	gr->first = m->nchunks;
	pq_get_struct(ge);
	while ((id = pq_get_field(ge)) != 0) {
		if (id == 3) {
			gr->rows = pq_get_int(ge);
			continue;
		}
		if (id != 1) {
			pq_get_skip(ge);
			continue;
		}
		n = pq_get_list(ge);
		type = ge->type;
		for (i = 0; i < n && !ge->bad; i++) {
			ch = grow(m, (void **)&m->chunks, m->nchunks,
			    sizeof *ch);
			if (ch == NULL)
				return false;
			m->nchunks++;
			ge->type = type;
			get_chunk(ge, ch);
		}
	}
	if (m->nchunks - gr->first != m->nleaves || gr->rows < 0)
		ge->bad = true;
	return true;
}

static bool
get_groups(struct pq_get *ge, struct pq_meta *m)
{
	size_t n = pq_get_list(ge), i;
	enum pq_ttype type = ge->type;
	struct pq_group *gr;

	for (i = 0; i < n && !ge->bad; i++) {
		gr = grow(m, (void **)&m->groups, m->ngroups, sizeof *gr);
		if (gr == NULL)
			return false;
		m->ngroups++;
		ge->type = type;
		if (!get_group(ge, m, gr))
			return false;
	}
	return true;
}

static bool
get_pairs(struct pq_get *ge, struct pq_meta *m)
{
	size_t n = pq_get_list(ge), i;
	enum pq_ttype type = ge->type;
	struct pq_pair *pa;
	int id;

	for (i = 0; i < n && !ge->bad; i++) {
		pa = grow(m, (void **)&m->pairs, m->npairs, sizeof *pa);
		if (pa == NULL)
			return false;
		m->npairs++;
		ge->type = type;
		pq_get_struct(ge);
		while ((id = pq_get_field(ge)) != 0)
			if (id == 1)
				pa->key = get_text(ge, &pa->key_len);
			else if (id == 2)
				pa->value = get_text(ge, &pa->value_len);
			else
				pq_get_skip(ge);
	}
	return true;
}

/* ---- the whole */

static int
damaged(const struct pq_meta *m, const char *name, struct weir_err *err,
    const char *what)
{
	return m->ho->fail(err, WEIR_NOWHERE, "parquet.damaged",
	    "\"%s\" is damaged: %s", name, what);
}

/* Do the groups' counts of children make a tree? */
static bool
is_tree(const struct pq_meta *m)
{
	uint64_t left = 1; /* elements that must still come */
	uint32_t i;

	for (i = 0; i < m->nnodes; i++) {
		const struct pq_node *no = &m->nodes[i];

		if (left == 0 || no->nchildren > m->nnodes ||
		    (no->phys >= 0 && no->nchildren != 0))
			return false;
		left += no->nchildren;
		left--;
	}
	return left == 0 && m->nodes[0].phys < 0;
}

static bool
chunks_inside(const struct pq_meta *m, uint64_t size)
{
	uint32_t i;

	for (i = 0; i < m->nchunks; i++)
		if (m->chunks[i].len > size ||
		    m->chunks[i].start > size - m->chunks[i].len)
			return false;
	return true;
}

int
pq_meta_parse(struct pq_meta *m, uint64_t size, const char *name,
    struct weir_err *err)
{
	struct pq_get ge;
	bool room = true;
	int id;

	pq_get_begin(&ge, m->raw.p, m->raw.len);
	while (room && (id = pq_get_field(&ge)) != 0) {
		if (id == 2 && m->nnodes == 0)
			room = get_schema(&ge, m);
		else if (id == 3)
			m->rows = pq_get_int(&ge);
		else if (id == 4 && m->ngroups == 0 && m->nnodes != 0)
			room = get_groups(&ge, m);
		else if (id == 5 && m->npairs == 0)
			room = get_pairs(&ge, m);
		else
			pq_get_skip(&ge);
	}
	if (!room)
		return damaged(m, name, err,
		    "its metadata does not fit into memory");
	if (ge.bad || m->nnodes == 0 || !is_tree(m))
		return damaged(m, name, err, "its metadata cannot be read");
	if (!chunks_inside(m, size))
		return damaged(m, name, err,
		    "a column lies beyond the file's end");
	return WEIR_OK;
}

int
pq_meta_read(struct pq_meta *m, const struct weir_host *ho, int fd,
    uint64_t size, const char *name, struct weir_err *err)
{
	uint8_t tail[8];
	uint32_t len;

	memset(m, 0, sizeof *m);
	m->ho = ho;
	pq_bytes_init(&m->raw, ho);
	if (size < 12 || pq_read_at(fd, tail, 8, size - 8) != 0)
		return ho->fail(err, WEIR_NOWHERE, "parquet.magic",
		    "\"%s\" is not a Parquet file: it has %llu bytes", name,
		    (unsigned long long)size);
	if (memcmp(tail + 4, "PARE", 4) == 0)
		return ho->fail(err, WEIR_NOWHERE, "parquet.encrypted",
		    "\"%s\" is encrypted, which parquet.read does not read",
		    name);
	if (memcmp(tail + 4, PQ_MAGIC, 4) != 0)
		return ho->fail(err, WEIR_NOWHERE, "parquet.magic",
		    "\"%s\" is not a Parquet file, or its end is missing: it "
		    "does not end with PAR1", name);
	len = pq_get32(tail);
	if (len > size - 12)
		return damaged(m, name, err,
		    "its metadata would be longer than the file");
	if (pq_bytes_room(&m->raw, len + 1) == NULL)
		return ho->fail(err, WEIR_NOWHERE, "parquet.memory",
		    "out of memory");
	if (pq_read_at(fd, m->raw.p, len, size - 8 - len) != 0)
		return ho->fail(err, WEIR_NOWHERE, "parquet.read",
		    "cannot read \"%s\": %s", name, strerror(errno));
	m->raw.len = len;
	return pq_meta_parse(m, size, name, err);
}

void
pq_meta_fini(struct pq_meta *m)
{
	if (m->ho == NULL)
		return;
	pq_bytes_fini(&m->raw);
	if (m->nodes != NULL)
		m->ho->free(m->nodes);
	if (m->groups != NULL)
		m->ho->free(m->groups);
	if (m->chunks != NULL)
		m->ho->free(m->chunks);
	if (m->pairs != NULL)
		m->ho->free(m->pairs);
	memset(m, 0, sizeof *m);
}

const struct pq_pair *
pq_meta_note(const struct pq_meta *m, const char *key)
{
	size_t n = strlen(key);
	uint32_t i;

	for (i = 0; i < m->npairs; i++)
		if (m->pairs[i].key_len == n &&
		    memcmp(m->pairs[i].key, key, n) == 0)
			return &m->pairs[i];
	return NULL;
}

bool
pq_file_note(const struct weir_host *ho, const char *path, const char *key,
    char *to, size_t cap)
{
	const struct pq_pair *pa = NULL;
	struct pq_meta m;
	struct stat sb;
	int fd;

	memset(&m, 0, sizeof m);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &sb) == 0 &&
	    pq_meta_read(&m, ho, fd, (uint64_t)sb.st_size, path, NULL) ==
		WEIR_OK)
		pa = pq_meta_note(&m, key);
	if (pa != NULL)
		snprintf(to, cap, "%.*s", (int)pa->value_len, pa->value);
	pq_meta_fini(&m);
	close(fd);
	return pa != NULL;
}
