// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners: threads of the random phase with cookies that nobody else has, and a
 * model of every page of them.
 */
#include "random.h"

#define COOKIES		6
#define PAGES		40
#define NOTHING		UINT32_MAX

struct page_model {
	uint32_t floor;		/* oldest write that may be read, or NOTHING */
	uint32_t last;		/* newest */
	bool holes;		/* a write failed: there may be nothing */
	/* So many bytes are of that write, and zeros follow; of several, from and to. */
	uint16_t shortest, longest;
};

struct cookie_model {
	uint32_t handle;
	uint32_t who;
	uint32_t epoch;
	uint32_t serial;
	uint64_t size;
	bool cut;		/* to that size */
	int uses;
	char key[64];
	struct page_model pages[PAGES];
};

static void forget(struct cookie_model *c, unsigned int from)
{
	for (unsigned int i = from; i < PAGES; i++)
		c->pages[i] = (struct page_model){ .floor = NOTHING };
}

/* How much of a page lies within a size. */
static unsigned int part_within(uint64_t page, uint64_t size)
{
	return size <= page * PAGE ? 0 : size - page * PAGE < PAGE ? size - page * PAGE : PAGE;
}

static void own_acquire(struct cookie_model *c, uint32_t volume)
{
	struct exer_cookie_info info;

	c->handle = cookie_acquire(device, volume, c->key, c->epoch, c->size, EXER_KEEP, &info);
	c->uses = 0;
	if (!info.valid)
		bad("no cookie for '%s', which nobody else has", c->key);
	else if (info.state != QUIESCENT || info.n_active || info.object_size != (int64_t)c->size)
		bad("new cookie '%s': state %u, n_active %d, size %lld", c->key, info.state,
		    info.n_active, (long long)info.object_size);
}

static void own_unuse(struct cookie_model *c, bool set)
{
	struct exer_cookie_info info;

	simple(device, EXER_UNUSE, c->handle, set ? EXER_SET_AUX : 0, c->size, &info);
	c->uses--;
	if (info.n_active != c->uses)
		bad("'%s': n_active %d, wanted %d", c->key, info.n_active, c->uses);
}

static void own_relinquish(struct cookie_model *c, bool retire)
{
	while (c->uses)
		own_unuse(c, true);
	relinquish_checked(device, c->handle, retire);
	c->handle = 0;
	if (retire) {
		c->epoch++;
		forget(c, 0);
	}
}

static uint64_t own_flags(struct cookie_model *c)
{
	struct exer_cookie_info info;

	simple(device, EXER_QUERY, c->handle, 0, 0, &info);
	if (info.epoch != c->epoch)
		bad("'%s': epoch %u, wanted %u", c->key, info.epoch, c->epoch);
	if (info.flags & FLAG_STORES_NOTHING && !c->uses)
		bad("'%s': nothing is stored, and nobody uses it", c->key);
	return info.flags;
}

static void own_invalidate(struct cookie_model *c, bool dio)
{
	struct exer_cookie_info info;
	bool disabled = own_flags(c) & FLAG_DISABLED;

	simple(device, EXER_INVALIDATE, c->handle, dio ? EXER_DIO : 0, c->size, &info);
	atomic_fetch_add(&n_invalidations, 1);
	if (!disabled) {
		c->epoch++;
		forget(c, 0);
	}
	if (info.epoch != c->epoch)
		bad("'%s': epoch %u after an invalidation, wanted %u", c->key, info.epoch, c->epoch);
}

/* These pages are going to be of the newest write, or stay as they are. */
static void own_announce(struct cookie_model *c, uint64_t first, uint64_t count)
{
	for (uint64_t p = first; p < first + count; p++) {
		struct page_model *page = &c->pages[p];
		unsigned int part = part_within(p, c->size);

		page->last = c->serial;
		if (page->floor == NOTHING) {
			page->floor = c->serial;
			page->holes = true;
			page->shortest = page->longest = part;
		} else {
			page->shortest = part < page->shortest ? part : page->shortest;
			page->longest = part > page->longest ? part : page->longest;
		}
	}
}

/*
 * Do these pages end with the one that the file was cut in?  That one is not
 * stored, and not there afterwards either, see copied_while_cut().
 */
static bool own_ends_in_cut(struct cookie_model *c, uint64_t first, uint64_t count)
{
	uint64_t last = first + count - 1;

	if (!c->cut || part_within(last, c->size) == PAGE)
		return false;
	c->pages[last].holes = true;
	return true;
}

/* They are, as far as so many bytes were transferred. */
static void own_stored(struct cookie_model *c, uint64_t first, uint64_t count, int64_t transferred)
{
	atomic_fetch_add(&n_writes, 1);
	for (uint64_t p = first; p < first + count; p++) {
		struct page_model *page = &c->pages[p];

		if (transferred < (int64_t)((p - first + 1) * PAGE))
			break;
		page->floor = c->serial;
		page->holes = false;
		page->shortest = page->longest = part_within(p, c->size);
	}
}

static void own_write(struct cookie_model *c, struct rng *rng, uint32_t op)
{
	uint64_t pages = (c->size + PAGE - 1) / PAGE;
	uint64_t first = rng_below(rng, pages), count = 1 + rng_below(rng, 5);
	struct exer_request rq = { .op = op, .handle = c->handle, .who = c->who,
		.serial = ++c->serial, .start = first * PAGE, .size = c->size, .flags = EXER_TAIL };
	bool sure = false, refused = own_flags(c) &
		(FLAG_DISABLED | FLAG_STORES_NOTHING | FLAG_OLD_READS);
	long ret;

	if (count > pages - first)
		count = pages - first;
	rq.length = count * PAGE;
	if (rq.start + rq.length > c->size)
		rq.length = c->size - rq.start;		/* the cache rounds it up */
	else if (!rng_below(rng, 4))
		rq.length -= rng_below(rng, PAGE);	/* and takes the rest from the pages */
	if (load == LOAD_QUIET && c->uses && !refused)
		sure = wait_state(device, c->handle, IN(ACTIVE), 0) == 0;
	own_announce(c, first, count);
	if (own_ends_in_cut(c, first, count) && count == 1)
		sure = false;
	ret = call(device, &rq);
	if (op == EXER_WRITE_TO_CACHE && rq.source)
		bad("'%s': %u pages kept their mark after a write to the cache", c->key, rq.source);
	if (!ret && rq.transferred > 0) {
		if (rq.tag_epoch != c->epoch)
			bad("'%s': written in epoch %u, wanted %u", c->key, rq.tag_epoch, c->epoch);
		own_stored(c, first, count, rq.transferred);
	} else if (sure) {
		bad("'%s': a write to an active cookie failed: %ld, %lld", c->key, ret, (long long)rq.transferred);
	}
}

/* A write that does not begin where a page does is refused, and does nothing. */
static void own_write_odd(struct cookie_model *c, struct rng *rng)
{
	uint64_t page = rng_below(rng, (c->size + PAGE - 1) / PAGE);
	struct exer_request rq = { .op = rng_below(rng, 2) ? EXER_WRITE : EXER_WRITE_TO_CACHE,
		.handle = c->handle, .who = c->who, .serial = ++c->serial, .size = c->size,
		.start = page * PAGE + 1 + rng_below(rng, PAGE - 1), .length = 1 + rng_below(rng, 2 * PAGE) };
	long ret = call(device, &rq);

	if (!ret)
		bad("'%s': a write at %llu was not refused", c->key, (unsigned long long)rq.start);
	if (rq.op == EXER_WRITE_TO_CACHE && rq.source)
		bad("'%s': %u pages kept their mark after a write that was refused", c->key, rq.source);
}

/*
 * Where what was written ends, in @len bytes from @offset of the page: only
 * zeros may follow, also when the file was cut there and grew again.
 */
static bool own_ends_right(const struct page_model *p, const struct exer_part *part,
			   unsigned int offset, unsigned int len)
{
	unsigned int from = p->shortest < offset ? 0 : p->shortest - offset;
	unsigned int to = p->longest < offset ? 0 : p->longest - offset;

	return part->low <= (to < len ? to : len) && part->high >= (from < len ? from : len);
}

/* The @i-th page of what was read. */
static void own_check(struct cookie_model *c, const struct exer_request *rq, unsigned int i, bool holes)
{
	uint64_t page = rq->start / PAGE + i, tag = rq->tags[i];
	struct page_model *p = &c->pages[page];
	unsigned int offset = rq->start % PAGE, len;

	len = rq->transferred - i * PAGE < PAGE ? rq->transferred - i * PAGE : PAGE;
	len -= len % 8;
	if (tag == EXER_TAG_HOLE) {
		if (!holes && !p->holes && (p->floor == NOTHING || p->shortest >= offset + 8))
			bad("'%s': page %llu is zeros", c->key, (unsigned long long)page);
	} else if (p->floor != NOTHING && p->shortest < offset + 8 && tag != EXER_TAG_UNREAD) {
		/* The tag itself may have been cut; nothing may follow it. */
		if (rq->parts[i].low > 8 && (p->longest <= offset + 8 || tag == EXER_TAG_MIXED))
			bad("'%s': page %llu, cut after %u to %u bytes, holds something in byte %u", c->key,
			    (unsigned long long)page, p->shortest, p->longest, offset + rq->parts[i].low - 1);
	} else if (tag == EXER_TAG_MIXED || tag == EXER_TAG_UNREAD) {
		bad("'%s': page %llu is %s", c->key, (unsigned long long)page,
		    tag == EXER_TAG_MIXED ? "no pattern that was written" : "counted as read, but was not");
	} else if (EXER_TAG_WHO(tag) != c->who) {
		bad("'%s': page %llu belongs to %x", c->key, (unsigned long long)page, EXER_TAG_WHO(tag));
	} else if (EXER_TAG_EPOCH(tag) != c->epoch) {
		/* See withdraw_with_operation() for the reason why it may be so in C. */
		(load == LOAD_QUIET ? bad : bad_but_in_c)("'%s': page %llu is STALE: of epoch %u, now is %u",
			c->key, (unsigned long long)page, EXER_TAG_EPOCH(tag), c->epoch);
	} else if (p->floor == NOTHING) {
		bad("'%s': page %llu was read, but there can be nothing (write %u)", c->key,
		    (unsigned long long)page, EXER_TAG_SERIAL(tag));
	} else if (EXER_TAG_SERIAL(tag) < p->floor || EXER_TAG_SERIAL(tag) > p->last) {
		bad("'%s': page %llu is of write %u, wanted %u..%u", c->key, (unsigned long long)page,
		    EXER_TAG_SERIAL(tag), p->floor, p->last);
	} else if (!own_ends_right(p, &rq->parts[i], offset, len)) {
		(load == LOAD_QUIET ? bad : bad_but_in_c_backend)("'%s': what was written to page %llu ends after %u to %u bytes, of %u from byte %u, wanted %u to %u of the page",
			c->key, (unsigned long long)page, rq->parts[i].low, rq->parts[i].high, len,
			offset, p->shortest, p->longest);
	}
}

static void own_read_at(struct cookie_model *c, uint64_t first, uint64_t count, bool direct)
{
	uint64_t pages = (c->size + PAGE - 1) / PAGE;
	struct exer_request rq = { .op = EXER_READ, .handle = c->handle, .start = first * PAGE,
		.size = c->size, .flags = EXER_TAIL | (direct ? EXER_DIRECT : 0) };
	long ret;

	if (count > pages - first)
		count = pages - first;
	rq.length = count * PAGE;
	ret = call(device, &rq);
	if (ret || rq.transferred <= 0)
		return;
	if (rq.transferred > (int64_t)(count * PAGE))
		bad("'%s': more was read than asked for", c->key);
	atomic_fetch_add(&n_hits, 1);
	for (uint64_t i = 0; i < count && (int64_t)(i * PAGE) < rq.transferred; i++)
		own_check(c, &rq, i, direct);
}

static void own_read(struct cookie_model *c, struct rng *rng, bool direct)
{
	uint64_t first = rng_below(rng, (c->size + PAGE - 1) / PAGE);

	own_read_at(c, first, 1 + rng_below(rng, 8), direct);
}

/* A part of a page, not where a block begins: an error, or the right bytes. */
static void own_read_odd(struct cookie_model *c, struct rng *rng)
{
	uint64_t page = rng_below(rng, (c->size + PAGE - 1) / PAGE);
	/* Some as a disk wants them, the others as nobody does. */
	unsigned int unit = rng_below(rng, 2) ? 512 : 8, n = PAGE / 2 / unit;
	struct exer_request rq = { .op = EXER_READ, .handle = c->handle, .flags = EXER_DIRECT | EXER_TAIL,
		.start = page * PAGE + unit * rng_below(rng, n), .size = c->size,
		.length = unit * (1 + rng_below(rng, n)) };

	if (unit == 8)
		rq.length += rng_below(rng, 8);
	if (!call(device, &rq) && rq.transferred >= 8)
		own_check(c, &rq, 0, true);
}

/*
 * The operation of a copy ends a moment after the filesystem was told that the copy
 * has.  An object that is cut meanwhile is emptied, of which the model does not know.
 */
static void own_wait_for_copies(struct cookie_model *c)
{
	struct exer_cookie_info info;
	double end = now() + 40;

	if (fscache_is_c())	/* empties nothing, and has an access of its own */
		return;
	for (;;) {
		simple(device, EXER_QUERY, c->handle, 0, 0, &info);
		if (!info.n_accesses)
			return;
		if (now() > end)
			break;
		usleep(100);
	}
	bad("'%s': n_accesses is %d, and nothing is done", c->key, info.n_accesses);
}

static void own_resize(struct cookie_model *c, struct rng *rng)
{
	struct exer_cookie_info info;
	uint64_t size, cut;

	switch (rng_below(rng, 4)) {
	case 0:
		size = (1 + rng_below(rng, PAGES)) * PAGE;
		break;
	case 1:		/* in the last page, or little beyond it */
		size = c->size - c->size % PAGE + rng_below(rng, 2 * PAGE);
		break;
	default:
		size = 1 + rng_below(rng, PAGES * PAGE);
		break;
	}
	if (!size || size > PAGES * PAGE)
		return;
	own_wait_for_copies(c);
	simple(device, EXER_RESIZE, c->handle, 0, size, &info);
	/* When there is no cache to resize, a filesystem has to say so itself. */
	if (info.object_size != (int64_t)size) {
		if (size < c->size) {
			own_invalidate(c, false);
			return;
		}
		simple(device, EXER_UPDATE, c->handle, 0, size, &info);
		if (info.object_size != (int64_t)size)
			return;
	}
	cut = size / PAGE;
	if (size < c->size) {
		if (size % PAGE) {
			struct page_model *page = &c->pages[cut];
			unsigned int part = size % PAGE;

			page->shortest = part < page->shortest ? part : page->shortest;
			page->longest = part < page->longest ? part : page->longest;
		}
		forget(c, (size + PAGE - 1) / PAGE);
	} else {
		cut = c->size / PAGE;
	}
	c->cut = size <= c->size;
	c->size = size;
	/* Where it was cut, or went on, is where something old would show. */
	if (cut < (size + PAGE - 1) / PAGE)
		own_read_at(c, cut, 1 + rng_below(rng, 3), rng_below(rng, 2));
}

/*
 * A write in an operation that began in @epoch, of what was fetched by then.  Of
 * C it is known that it may be stored, see early_write_in_the_making().
 */
static void own_write_held(struct cookie_model *c, struct rng *rng, uint32_t op, uint32_t epoch)
{
	uint64_t page = rng_below(rng, (c->size + PAGE - 1) / PAGE);
	struct exer_request rq = { .op = EXER_WRITE, .handle = op, .who = c->who, .flags = EXER_EARLY | EXER_TAIL,
		.serial = ++c->serial, .start = page * PAGE, .length = PAGE, .size = c->size };
	bool stored;

	if (epoch != c->epoch && backend_is_c())
		return;
	if (epoch == c->epoch) {
		own_announce(c, page, 1);
		own_ends_in_cut(c, page, 1);
	}
	stored = !call(device, &rq) && rq.transferred > 0;
	if (stored && rq.tag_epoch != epoch)
		bad("'%s': written in epoch %u, wanted %u", c->key, rq.tag_epoch, epoch);
	if (stored && epoch == c->epoch)
		own_stored(c, page, 1, rq.transferred);
	else if (stored)
		bad("'%s': a write that began before an invalidation was not refused", c->key);
}

/* An operation that is kept open while the cookie is let go, and other things done. */
static void own_held(struct cookie_model *c, struct rng *rng)
{
	bool writes = rng_below(rng, 2);
	struct exer_request rq = { .op = EXER_BEGIN, .handle = c->handle, .flags = writes ? EXER_FOR_WRITE : 0 };
	uint32_t op, epoch = c->epoch;

	if (call(device, &rq))
		return;
	op = rq.handle;
	if (c->uses && rng_below(rng, 2))
		own_unuse(c, true);
	if (rng_below(rng, 3) == 0)
		own_invalidate(c, false);
	if (writes)
		own_write_held(c, rng, op, epoch);
	rq = (struct exer_request){ .op = EXER_READ, .handle = op, .size = c->size, .flags = EXER_TAIL,
		.length = PAGE, .start = PAGE * rng_below(rng, (c->size + PAGE - 1) / PAGE) };
	if (!call(device, &rq) && rq.transferred > 0) {
		if (epoch != c->epoch)
			bad("'%s': a read that began before an invalidation was not refused", c->key);
		else
			own_check(c, &rq, 0, false);
	}
	simple(device, EXER_END, op, 0, 0, NULL);
	drop(device, op);
}

static void own_step(struct rng *rng, struct cookie_model *c)
{
	uint32_t dice = rng_below(rng, 100);

	if (!c->handle) {
		own_acquire(c, volumes[c->who % 2]);
		return;
	}
	if (dice < 18) {
		if (c->uses < 4) {
			simple(device, EXER_USE, c->handle, rng_below(rng, 3) ? 0 : EXER_MODIFY, 0, NULL);
			c->uses++;
		}
	} else if (dice < 28) {
		if (c->uses)
			own_unuse(c, rng_below(rng, 4));
	} else if (dice < 46) {
		own_write(c, rng, EXER_WRITE);
	} else if (dice < 54) {
		own_write(c, rng, EXER_WRITE_TO_CACHE);
	} else if (dice < 76) {
		own_read(c, rng, false);
	} else if (dice < 80) {
		own_read(c, rng, true);
	} else if (dice < 82) {
		own_read_odd(c, rng);
	} else if (dice < 83) {
		own_write_odd(c, rng);
	} else if (dice < 87) {
		own_invalidate(c, dice == 86);
	} else if (dice < 92) {
		own_resize(c, rng);
	} else if (dice < 94) {
		own_held(c, rng);
	} else if (dice < 97) {
		if (c->uses)
			wait_state(device, c->handle, IN(ACTIVE), 100);
	} else {
		own_relinquish(c, dice == 99);
	}
}

void *owner(void *argument)
{
	struct thread *t = argument;
	struct cookie_model cookies[COOKIES] = {};

	whoami = t->name;
	for (int i = 0; i < COOKIES; i++) {
		struct cookie_model *c = &cookies[i];

		c->who = 1 + t->number * COOKIES + i;
		c->epoch = 1;
		c->size = (1 + rng_below(&t->rng, PAGES)) * PAGE - rng_below(&t->rng, PAGE);
		snprintf(c->key, sizeof(c->key), "owned-%d-%x-%s", load, c->who, i % 2 ? "with a long name" : "x");
		forget(c, 0);
	}
	while (!atomic_load(&stop)) {
		own_step(&t->rng, &cookies[rng_below(&t->rng, COOKIES)]);
		atomic_fetch_add(&n_calls, 1);
	}
	for (int i = 0; i < COOKIES; i++)
		if (cookies[i].handle)
			own_relinquish(&cookies[i], i % 2);
	return NULL;
}
