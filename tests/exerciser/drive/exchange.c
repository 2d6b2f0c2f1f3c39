// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one cachefiles stores, the other finds: objects with keys of every kind
 * of name, coherency data of every length, and sizes to far beyond 4 GiB.  All
 * of it comes from the seed, so that 'stored' stores what 'found' looks for, in
 * another run, with another cachefiles.
 */
#include "drive.h"

#define VOLUMES		8
#define PAGES		3	/* that are stored of each object, at most */

static int fd;

struct object {
	struct exer_request rq;	/* acquires its cookie */
	bool changed;		/* is looked for with other coherency data */
	bool in_use;		/* at the time of the copy, by somebody who may change it */
	unsigned int n;
	uint64_t pages[PAGES];
};

/* No two are the same: each has its number in it. */
static unsigned int make_key(struct rng *rng, uint32_t number, uint8_t *key)
{
	static const char odd[] = "/ .%=+,@\"'\\~:;#*?[]{}<>|&$!^`";
	unsigned int kind = rng_below(rng, 7), len = 0;

	switch (kind) {
	case 0:		/* a name as it is */
		len = sprintf((char *)key, "name%x", number);
		break;
	case 1:		/* a long one, some of them too long for one part */
		len = sprintf((char *)key, "%x-", number);
		for (unsigned int most = 20 + rng_below(rng, 180); len < most; len++)
			key[len] = 'a' + rng_below(rng, 26);
		break;
	case 2:		/* characters that a name had better not have */
		len = sprintf((char *)key, "%x", number);
		for (unsigned int most = len + 1 + rng_below(rng, 30); len < most; len++)
			key[len] = odd[rng_below(rng, sizeof(odd) - 1)];
		break;
	case 3:		/* small numbers, of either byte order */
		memset(key, 0, 12);
		memcpy(key + (rng_below(rng, 2) ? 0 : 8), &number, 4);
		key[5] = 1;
		len = 12;
		break;
	case 4:		/* a handle: words with bytes that mean nothing */
	case 5:		/* any length of that */
		memcpy(key, &number, len = 4);
		for (unsigned int most = kind == 4 ? 8 + 4 * rng_below(rng, 31) : 5 + rng_below(rng, 160);
		     len < most; len++)
			key[len] = rng_next(rng);
		break;
	default:	/* zeros at the end */
		len = sprintf((char *)key, "zeros%x", number);
		for (unsigned int most = len + 1 + rng_below(rng, 40); len < most; len++)
			key[len] = 0;
		break;
	}
	return len;
}

static void make_object(struct object *object, uint32_t volume, uint32_t number)
{
	struct rng rng = { options.seed << 32 | number };

	memset(object, 0, sizeof(*object));
	object->rq.op = EXER_COOKIE_ACQUIRE;
	object->rq.volume = volume;
	object->rq.flags = EXER_KEEP;
	object->rq.key_len = make_key(&rng, number, object->rq.key);
	object->rq.aux_len = rng_below(&rng, 4) ? 1 + rng_below(&rng, 40) : rng_below(&rng, 256);
	object->rq.epoch = 1 + rng_below(&rng, 1000);
	/* With less of it, that would be told by the size alone. */
	object->changed = object->rq.aux_len >= 4 && !rng_below(&rng, 10);
	switch (rng_below(&rng, 4)) {
	case 0: object->rq.size = PAGE * (1 + rng_below(&rng, 64)); break;
	case 1: object->rq.size = 1 + rng_below(&rng, 3 * PAGE); break;
	case 2: object->rq.size = (8ULL << 30) + rng_below(&rng, 1 << 30); break;
	default: object->rq.size = 1 + rng_below(&rng, 1 << 30); break;
	}
	object->n = 1 + rng_below(&rng, PAGES);
	for (unsigned int i = 0; i < object->n; i++)
		object->pages[i] = rng_next(&rng) % ((object->rq.size + PAGE - 1) / PAGE);
	object->in_use = options.in_use && !rng_below(&rng, 10);
}

/* A tag that belongs to this page of this object only; of what is stored twice, the same. */
static uint32_t serial_of(uint64_t page) { return page * 2654435761u >> 8 & 0xffffff; }

static void store(struct object *object, uint32_t handle)
{
	for (unsigned int i = 0; i < object->n; i++) {
		long ret = put_page(fd, handle, object->rq.key_len, serial_of(object->pages[i]),
				    object->pages[i], object->rq.size);

		if (ret <= 0)
			bad("page %llu of a file of %llu bytes cannot be stored: %ld",
			    (unsigned long long)object->pages[i],
			    (unsigned long long)object->rq.size, ret);
	}
	simple(fd, EXER_UNUSE, handle, EXER_SET_AUX, object->rq.size, NULL);
}

static void find(struct object *object, uint32_t handle, uint32_t number, uint64_t *hits)
{
	for (unsigned int i = 0; i < object->n; i++) {
		uint64_t tag = get_page(fd, handle, object->pages[i], object->rq.size);
		uint64_t wanted = EXER_TAG(object->rq.key_len, object->rq.epoch,
					   serial_of(object->pages[i]));

		if (object->changed || object->in_use)
			wanted = 0;
		if (tag == wanted)
			++*hits;
		else
			bad("object %u, a key of %u bytes, %u of coherency data%s%s, %llu bytes: page %llu holds %llx, wanted %llx",
			    number, object->rq.key_len, object->rq.aux_len,
			    object->changed ? " (changed)" : "", object->in_use ? " (in use)" : "",
			    (unsigned long long)object->rq.size,
			    (unsigned long long)object->pages[i], (unsigned long long)tag,
			    (unsigned long long)wanted);
	}
	simple(fd, EXER_UNUSE, handle, 0, 0, NULL);
}

static void end_use(uint32_t handle)
{
	simple(fd, EXER_COOKIE_RELINQUISH, handle, 0, 0, NULL);
	drop(fd, handle);
}

/* Acquires a cookie and sees it active; 0 if that cannot be. */
static uint32_t begin_use(struct object *object, uint32_t number, unsigned int flags)
{
	uint32_t handle;

	if (call(fd, &object->rq) || !object->rq.info.valid) {
		bad("a cookie is refused: key of %u bytes, %u of coherency data",
		    object->rq.key_len, object->rq.aux_len);
		return 0;
	}
	handle = object->rq.handle;
	simple(fd, EXER_USE, handle, flags, 0, NULL);
	if (!wait_state(fd, handle, IN(ACTIVE), 60000))
		return handle;
	bad("object %u does not become active", number);
	simple(fd, EXER_UNUSE, handle, 0, 0, NULL);
	end_use(handle);
	return 0;
}

/* Runs the command of --in-use, which finds how many objects are in $IN_USE. */
static void run_in_use(uint32_t n)
{
	char number[16];
	int status;

	snprintf(number, sizeof(number), "%u", n);
	setenv("IN_USE", number, 1);
	status = system(options.in_use);
	if (status)
		bad("the command of --in-use ended with status %d", status);
}

void exchange(bool stored)
{
	static uint32_t in_use[VOLUMES * OBJECTS_MAX];
	static struct object object;
	uint32_t volumes_held[VOLUMES], n_in_use = 0, n_volumes = 0;
	long cookies, volumes;
	uint64_t hits = 0;

	whoami = stored ? "stored" : "found";
	fd = device_open();
	cookies = stat_cookies();
	volumes = stat_volumes();
	for (uint32_t v = 0; v < VOLUMES; v++) {
		struct exer_request rq = { .op = EXER_VOLUME_ACQUIRE, .epoch = 3,
			/* Without coherency data, and with more and more of it. */
			.aux_len = v * 30 };

		strcpy(rq.cache, "exerciser");
		rq.key_len = sprintf((char *)rq.key, "exchange,%llu,%0*u",
				     (unsigned long long)options.seed, 1 + (int)v * 25, v);
		if (call(fd, &rq)) {
			bad("a volume is refused");
			break;
		}
		volumes_held[n_volumes++] = rq.handle;
		for (uint32_t i = 0; i < options.objects; i++) {
			uint32_t number = v * OBJECTS_MAX + i, handle;

			make_object(&object, rq.handle, number);
			if (object.changed && !stored)
				object.rq.epoch++;
			handle = begin_use(&object, number, 0);
			if (!handle)
				continue;
			if (stored)
				store(&object, handle);
			else
				find(&object, handle, number, &hits);
			end_use(handle);
			if (stored && object.in_use && (handle = begin_use(&object, number, EXER_MODIFY)))
				in_use[n_in_use++] = handle;
		}
	}
	if (stored && options.in_use)
		run_in_use(n_in_use);
	for (uint32_t i = 0; i < n_in_use; i++) {
		simple(fd, EXER_UNUSE, in_use[i], 0, 0, NULL);
		end_use(in_use[i]);
	}
	for (uint32_t v = 0; v < n_volumes; v++) {
		if (simple(fd, EXER_VOLUME_RELINQUISH, volumes_held[v], 0, 0, NULL))
			bad("a volume cannot be relinquished");
		drop(fd, volumes_held[v]);
	}
	close(fd);
	counts_return(whoami, cookies, volumes);
	if (!stored)
		note("%llu pages are as they were stored", (unsigned long long)hits);
	else if (options.in_use)
		note("%u objects were in use", n_in_use);
	whoami = "main";
}
