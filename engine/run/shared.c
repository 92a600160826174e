/* SPDX-License-Identifier: MIT
 *
 * Objects that stages of one plugin share in a run, counted; and gauges.
 */
#include "base/alloc.h"
#include "run/run.h"

struct weir__shared_item {
	struct weir__shared_item *next;
	char *plugin;
	char *name;
	void *object;
	void (*release)(void *);
	unsigned refs;
};

int
weir__shared_init(struct weir__shared *sh)
{
	sh->list = NULL;
	return pthread_mutex_init(&sh->lock, NULL) == 0 ? 0 : -1;
}

static void
free_item(struct weir__shared_item *it)
{
	if (it->object != NULL && it->release != NULL)
		it->release(it->object);
	weir__free(it->plugin);
	weir__free(it->name);
	weir__free(it);
}

void
weir__shared_fini(struct weir__shared *sh)
{
	struct weir__shared_item *it;

	while ((it = sh->list) != NULL) {
		sh->list = it->next;
		free_item(it);
	}
	pthread_mutex_destroy(&sh->lock);
}

static struct weir__shared_item **
find(struct weir__shared *sh, const char *plugin, const char *name)
{
	struct weir__shared_item **at = &sh->list;

	while (*at != NULL && (strcmp((*at)->plugin, plugin) != 0 ||
		strcmp((*at)->name, name) != 0))
		at = &(*at)->next;
	return at;
}

void *
weir__shared_get(struct weir__shared *sh, const char *plugin, const char *name,
    void *(*make)(void *), void (*release)(void *), void *arg)
{
	struct weir__shared_item **at, *it;
	void *object = NULL;

	pthread_mutex_lock(&sh->lock);
	at = find(sh, plugin, name);
	if ((it = *at) != NULL) {
		it->refs++;
		object = it->object;
		goto out;
	}
	it = weir__zalloc(sizeof *it);
	if (it == NULL)
		goto out;
	it->plugin = weir__strdup(plugin);
	it->name = weir__strdup(name);
	if (it->plugin != NULL && it->name != NULL)
		it->object = make(arg);
	if (it->object == NULL) {
		free_item(it);
		goto out;
	}
	it->release = release;
	it->refs = 1;
	*at = it;
	object = it->object;
out:
	pthread_mutex_unlock(&sh->lock);
	return object;
}

void
weir__shared_put(struct weir__shared *sh, const char *plugin, const char *name)
{
	struct weir__shared_item **at, *it;

	pthread_mutex_lock(&sh->lock);
	at = find(sh, plugin, name);
	it = *at;
	if (it != NULL && --it->refs == 0)
		*at = it->next;
	else
		it = NULL;
	pthread_mutex_unlock(&sh->lock);
	if (it != NULL)
		free_item(it);
}

/* ------------------------------------------------------------------ gauges */

struct weir__metric {
	struct weir__metric *next;
	char *stage;
	char *name;
	char *labels;
	double value;
};

int
weir__metrics_init(struct weir__metrics *me)
{
	me->list = NULL;
	return pthread_mutex_init(&me->lock, NULL) == 0 ? 0 : -1;
}

static void
free_metric(struct weir__metric *mt)
{
	weir__free(mt->stage);
	weir__free(mt->name);
	weir__free(mt->labels);
	weir__free(mt);
}

void
weir__metrics_fini(struct weir__metrics *me)
{
	struct weir__metric *mt;

	while ((mt = me->list) != NULL) {
		me->list = mt->next;
		free_metric(mt);
	}
	pthread_mutex_destroy(&me->lock);
}

static struct weir__metric *
find_metric(const struct weir__metrics *me, const char *stage,
    const char *name, const char *labels)
{
	struct weir__metric *mt;

	for (mt = me->list; mt != NULL; mt = mt->next)
		if (strcmp(mt->name, name) == 0 &&
		    strcmp(mt->stage, stage) == 0 &&
		    strcmp(mt->labels, labels) == 0)
			break;
	return mt;
}

bool
weir__metrics_get(struct weir__metrics *me, const char *stage,
    const char *name, const char *labels, double *value)
{
	const struct weir__metric *mt;

	pthread_mutex_lock(&me->lock);
	mt = find_metric(me, stage, name, labels != NULL ? labels : "");
	if (mt != NULL)
		*value = mt->value;
	pthread_mutex_unlock(&me->lock);
	return mt != NULL;
}

void
weir__metrics_set(struct weir__metrics *me, const char *stage, const char *name,
    const char *labels, double value)
{
	struct weir__metric *mt;

	labels = labels != NULL ? labels : "";
	pthread_mutex_lock(&me->lock);
	mt = find_metric(me, stage, name, labels);
	if (mt == NULL && (mt = weir__zalloc(sizeof *mt)) != NULL) {
		mt->stage = weir__strdup(stage);
		mt->name = weir__strdup(name);
		mt->labels = weir__strdup(labels);
		if (mt->stage == NULL || mt->name == NULL ||
		    mt->labels == NULL) {
			free_metric(mt);
			mt = NULL;
		} else {
			mt->next = me->list;
			me->list = mt;
		}
	}
	if (mt != NULL)
		mt->value = value;
	pthread_mutex_unlock(&me->lock);
}
