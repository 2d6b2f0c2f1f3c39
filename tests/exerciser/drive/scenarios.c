// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directed scenarios: each makes one situation that random sequences meet too
 * seldom, and says what must come of it.
 */
#include "scenarios.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sys/ioctl.h>

#ifndef FS_IOC_SHUTDOWN
#define FS_IOC_SHUTDOWN _IOR('X', 125, __u32)
#endif

int fd;

void expect(bool right, const char *what)
{
	if (!right)
		bad("%s", what);
}

struct exer_cookie_info query(uint32_t handle)
{
	struct exer_cookie_info info;

	simple(fd, EXER_QUERY, handle, 0, 0, &info);
	return info;
}

uint32_t warm_cookie(uint32_t volume, const char *key, uint32_t epoch)
{
	uint32_t c = cookie_acquire(fd, volume, key, epoch, 4 * PAGE, EXER_KEEP, NULL);

	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active");
	expect(put_page(fd, c, 7, 1, 0, 4 * PAGE) == (long)PAGE, "a page cannot be written");
	return c;
}

void cool(uint32_t c) { simple(fd, EXER_UNUSE, c, EXER_SET_AUX, 4 * PAGE, NULL); }

void close_volume(uint32_t volume)
{
	expect(volume_relinquish(fd, volume, 0) == 0, "the volume cannot be relinquished");
	drop(fd, volume);
}

/* Something done in another thread, of which one sees when it ends. */
struct aside {
	pthread_t thread;
	atomic_bool ended;
	double took;
	uint32_t volume, handle;
	struct exer_cookie_info info;
	long result;
	const char *key;
};

static void aside_start(struct aside *aside, void *(*function)(void *))
{
	atomic_store(&aside->ended, false);
	if (pthread_create(&aside->thread, NULL, function, aside))
		abort();
}

static void *aside_acquire(void *argument)
{
	struct aside *a = argument;
	double began = now();

	whoami = "the second one";
	a->handle = cookie_acquire(fd, a->volume, a->key, 1, 4 * PAGE, EXER_KEEP, &a->info);
	a->took = now() - began;
	atomic_store(&a->ended, true);
	return NULL;
}

static void *aside_volume(void *argument)
{
	struct aside *a = argument;
	double began = now();

	whoami = "the second one";
	a->handle = volume_acquire(fd, a->key, 0, &a->result);
	a->took = now() - began;
	atomic_store(&a->ended, true);
	return NULL;
}

static void *aside_withdraw(void *argument)
{
	struct aside *a = argument;
	double began = now();

	whoami = "the withdrawer";
	cache_withdraw();
	a->took = now() - began;
	atomic_store(&a->ended, true);
	return NULL;
}

/* --- the scenarios ------------------------------------------------------- */

static void duplicate_key(void)
{
	uint32_t v = volume_acquire(fd, "scenario,dup", 0, NULL);
	uint32_t c = warm_cookie(v, "dup", 1), second;
	struct exer_cookie_info info;
	long result;

	second = cookie_acquire(fd, v, "dup", 1, 4 * PAGE, 0, &info);
	expect(!info.valid, "a second cookie was given for a key that is held");
	/* A filesystem goes on with the NULL that it got. */
	simple(fd, EXER_USE, second, 0, 0, NULL);
	expect(put_page(fd, second, 7, 2, 0, 4 * PAGE) == -ENOBUFS, "one can write without a cookie");
	simple(fd, EXER_INVALIDATE, second, 0, 0, NULL);
	simple(fd, EXER_UNUSE, second, EXER_SET_AUX, 0, NULL);
	simple(fd, EXER_COOKIE_RELINQUISH, second, EXER_RETIRE, 0, NULL);
	drop(fd, second);
	expect(get_page(fd, c, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "the first cookie suffered");
	volume_acquire(fd, "scenario,dup", 0, &result);
	expect(result == -EBUSY, "a volume that is held was given again");
	cool(c);
	relinquish_checked(fd, c, false);
	c = cookie_acquire(fd, v, "dup", 1, 4 * PAGE, EXER_KEEP, &info);
	expect(info.valid, "the key is not free after it was relinquished");
	relinquish_checked(fd, c, false);
	close_volume(v);
}

static void collision(void)
{
	uint32_t v = volume_acquire(fd, "scenario,collide", 0, NULL), c, op;
	struct aside aside = { .volume = v, .key = "collide" };
	struct exer_request rq;

	c = warm_cookie(v, "collide", 1);
	rq = (struct exer_request){ .op = EXER_BEGIN, .handle = c };
	expect(call(fd, &rq) == 0, "an operation does not begin");
	op = rq.handle;
	cool(c);
	/* With an operation open the cookie cannot be dropped, nor its key used. */
	simple(fd, EXER_COOKIE_RELINQUISH, c, EXER_MISUSE, 0, NULL);
	aside_start(&aside, aside_acquire);
	usleep(1500000);
	expect(!atomic_load(&aside.ended), "a key was given while its old cookie is still in the cache");
	expect(get_page(fd, op, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "the open operation cannot read any more");
	simple(fd, EXER_END, op, 0, 0, NULL);
	drop(fd, op);
	pthread_join(aside.thread, NULL);
	expect(aside.info.valid, "no cookie was given after the old one went");
	expect(aside.took > 1, "it did not wait for the old cookie");
	drop(fd, c);
	simple(fd, EXER_USE, aside.handle, 0, 0, NULL);
	expect(wait_state(fd, aside.handle, IN(ACTIVE), 30000) == 0, "the new cookie does not become active");
	expect(get_page(fd, aside.handle, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "what the old cookie stored was lost");
	cool(aside.handle);
	relinquish_checked(fd, aside.handle, true);
	close_volume(v);
}

static void volume_collision(void)
{
	struct aside aside = { .key = "scenario,again" };
	uint32_t v = volume_acquire(fd, aside.key, 0, NULL), c, op;
	struct exer_request rq;

	c = cookie_acquire(fd, v, "x", 1, 4 * PAGE, 0, NULL);
	simple(fd, EXER_USE, c, 0, 0, NULL);
	wait_state(fd, c, IN(ACTIVE), 30000);
	rq = (struct exer_request){ .op = EXER_BEGIN, .handle = c };
	expect(call(fd, &rq) == 0, "an operation does not begin");
	op = rq.handle;
	cool(c);
	simple(fd, EXER_COOKIE_RELINQUISH, c, EXER_MISUSE, 0, NULL);
	expect(volume_relinquish(fd, v, 0) == 0, "the volume cannot be relinquished");
	aside_start(&aside, aside_volume);
	usleep(1500000);
	expect(!atomic_load(&aside.ended), "a volume was given while the old one of its key still has a cookie");
	simple(fd, EXER_END, op, 0, 0, NULL);
	drop(fd, op);
	drop(fd, c);
	drop(fd, v);
	pthread_join(aside.thread, NULL);
	expect(aside.result == 0, "no volume was given after the old one went");
	c = warm_cookie(aside.handle, "y", 1);
	cool(c);
	relinquish_checked(fd, c, false);
	close_volume(aside.handle);
}

/*
 * Three want the same volume again and again.  One that waits for the old one
 * must not be forgotten when another is faster; call() sees how long it takes.
 */
static void *aside_volumes(void *argument)
{
	struct aside *a = argument;
	double end = now() + 3;

	whoami = "one of three";
	while (now() < end) {
		long result;
		uint32_t v = volume_acquire(fd, a->key, 0, &result), c;

		if (result == -EBUSY)
			continue;
		if (result)
			bad("the volume was refused: %s", strerror(-result));
		c = cookie_acquire(fd, v, "z", 1, PAGE, 0, NULL);
		simple(fd, EXER_USE, c, 0, 0, NULL);
		simple(fd, EXER_UNUSE, c, 0, 0, NULL);
		simple(fd, EXER_COOKIE_RELINQUISH, c, 0, 0, NULL);
		drop(fd, c);
		volume_relinquish(fd, v, 0);
		drop(fd, v);
	}
	return NULL;
}

static void volume_contention(void)
{
	struct aside asides[3] = {};

	for (int i = 0; i < 3; i++) {
		asides[i].key = "scenario,three";
		aside_start(&asides[i], aside_volumes);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(asides[i].thread, NULL);
}

static void never_used(void)
{
	uint32_t v = volume_acquire(fd, "scenario,never", 0, NULL);
	uint32_t c = cookie_acquire(fd, v, "never", 1, PAGE, EXER_KEEP, NULL);

	simple(fd, EXER_INVALIDATE, c, 0, PAGE, NULL);
	simple(fd, EXER_UPDATE, c, 0, 2 * PAGE, NULL);
	simple(fd, EXER_RESIZE, c, 0, PAGE, NULL);
	expect(put_page(fd, c, 7, 1, 0, PAGE) == -ENOBUFS, "an unused cookie can be written to");
	simple(fd, EXER_COOKIE_RELINQUISH, c, 0, 0, NULL);
	expect(query(c).state == DROPPED, "a cookie that was never used is not dropped at once");
	expect(query(c).ref == 1, "references are left to a cookie that was never used");
	expect(query(c).volume_n_cookies == 0, "the volume still counts it");
	drop(fd, c);
	close_volume(v);
}

/* An idle cookie goes after 10 s and comes back; one with an open operation stays. */
static void lru(void)
{
	uint32_t v = volume_acquire(fd, "scenario,lru", 0, NULL);
	uint32_t idle = warm_cookie(v, "idle", 1), busy = warm_cookie(v, "busy", 1);
	struct exer_request rq = { .op = EXER_BEGIN, .handle = busy };

	expect(call(fd, &rq) == 0, "an operation does not begin");
	cool(idle);
	cool(busy);
	expect(wait_state(fd, idle, IN(QUIESCENT), 25000) == 0, "an idle cookie is not discarded");
	expect(query(busy).state == ACTIVE, "a cookie with an open operation was discarded");
	expect(get_page(fd, rq.handle, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "the open operation cannot read");
	simple(fd, EXER_USE, busy, 0, 0, NULL);
	simple(fd, EXER_END, rq.handle, 0, 0, NULL);
	drop(fd, rq.handle);
	simple(fd, EXER_USE, idle, 0, 0, NULL);
	expect(wait_state(fd, idle, IN(ACTIVE), 30000) == 0, "a discarded cookie does not come back");
	expect(get_page(fd, idle, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "the discard lost what was stored");
	usleep(100000);
	expect(query(busy).state == ACTIVE, "a cookie in use was discarded");
	expect(put_page(fd, busy, 7, 2, 1, 4 * PAGE) == (long)PAGE, "a cookie in use cannot be written");
	cool(idle);
	cool(busy);
	relinquish_checked(fd, idle, false);
	relinquish_checked(fd, busy, false);
	close_volume(v);
}

static void invalidate_during_lookup(void)
{
	uint32_t v = volume_acquire(fd, "scenario,inval", 0, NULL), c, epoch = 1;
	struct exer_cookie_info info;

	for (int i = 0; i < 12; i++) {
		uint64_t tag;

		c = warm_cookie(v, "inval", epoch);
		cool(c);
		relinquish_checked(fd, c, false);
		c = cookie_acquire(fd, v, "inval", epoch, 4 * PAGE, EXER_KEEP, NULL);
		simple(fd, EXER_USE, c, i % 2 ? EXER_MODIFY : 0, 0, NULL);
		if (i % 4 == 3)
			usleep(200 * i);
		simple(fd, EXER_INVALIDATE, c, 0, 4 * PAGE, NULL);
		if (i % 3 == 0)
			simple(fd, EXER_INVALIDATE, c, 0, 4 * PAGE, NULL);
		info = query(c);
		epoch = info.epoch;
		expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active");
		tag = get_page(fd, c, 0, 4 * PAGE);
		expect(tag == 0, "what was invalidated during the lookup is read after it");
		if (info.flags & FLAG_STORES_NOTHING) {
			/* Who writes might still have to store what was there before. */
			expect(i % 2, "nothing is stored, although nobody writes");
			expect(put_page(fd, c, 6, 1, 0, 4 * PAGE) < 0, "a writer stores after an invalidation");
			simple(fd, EXER_UNUSE, c, 0, 0, NULL);
			simple(fd, EXER_USE, c, EXER_MODIFY, 0, NULL);
			expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active again");
		}
		expect(put_page(fd, c, 7, 1, 0, 4 * PAGE) == (long)PAGE, "a page cannot be written");
		expect(get_page(fd, c, 0, 4 * PAGE) == EXER_TAG(7, epoch, 1), "what was written after it is not read");
		info = query(c);
		expect(info.n_accesses >= 0 && info.n_accesses <= 1, "accesses are left over");
		cool(c);
		relinquish_checked(fd, c, false);
	}
	close_volume(v);
}

static void use_in_next_cache(uint32_t c)
{
	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not come back with the cache");
}

/* A withdrawal waits for the operation that is open, and for no longer. */
static void withdraw_with_operation(void)
{
	uint32_t v = volume_acquire(fd, "scenario,withdraw", 0, NULL);
	uint32_t c = warm_cookie(v, "withdraw", 1);
	struct exer_request rq = { .op = EXER_BEGIN, .handle = c };
	struct aside aside = {};
	uint64_t tag;

	expect(call(fd, &rq) == 0, "an operation does not begin");
	aside_start(&aside, aside_withdraw);
	usleep(1000000);
	expect(!atomic_load(&aside.ended), "the cache went from under an open operation");
	tag = get_page(fd, rq.handle, 0, 4 * PAGE);
	expect(tag == 0 || tag == EXER_TAG(7, 1, 1), "wrong bytes while the cache is being withdrawn");
	expect(simple(fd, EXER_WAIT_OPERATION, rq.handle, 0, 0, NULL) == 0, "an operation may go on in a cache that is being withdrawn");
	expect(put_page(fd, c, 7, 2, 1, 4 * PAGE) == -ENOBUFS, "an operation began on a cache that is being withdrawn");
	simple(fd, EXER_INVALIDATE, c, 0, 4 * PAGE, NULL);
	simple(fd, EXER_END, rq.handle, 0, 0, NULL);
	drop(fd, rq.handle);
	pthread_join(aside.thread, NULL);
	expect(aside.took < 20, "the withdrawal took too long");
	expect(query(c).state == QUIESCENT, "a cookie still has a state in a cache that has gone");
	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(put_page(fd, c, 7, 2, 1, 4 * PAGE) == -ENOBUFS, "one can write without a cache");
	simple(fd, EXER_UNUSE, c, 0, 0, NULL);
	cool(c);
	cache_bind(options.cache);
	use_in_next_cache(c);
	/*
	 * In C the invalidation is forgotten when the cache is on its way out, and
	 * the old content is put away with the new coherency data.
	 */
	if (get_page(fd, c, 0, 4 * PAGE))
		bad_but_in_c("what was invalidated while the cache went is read from the next");
	cool(c);
	relinquish_checked(fd, c, false);
	close_volume(v);
}

static void withdraw_idle(void)
{
	uint32_t v = volume_acquire(fd, "scenario,idle", 0, NULL);
	uint32_t c = warm_cookie(v, "idle", 1), d = warm_cookie(v, "open", 1);

	cool(c);
	cache_withdraw();
	expect(query(c).state == QUIESCENT && query(d).state == QUIESCENT, "a cookie outlives the cache");
	expect(query(c).n_accesses == 0 && query(d).n_accesses == 0, "accesses outlive the cache");
	simple(fd, EXER_INVALIDATE, d, 0, 4 * PAGE, NULL);
	cache_bind(options.cache);
	use_in_next_cache(c);
	expect(get_page(fd, c, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "what was stored was lost with the withdrawal");
	cool(c);
	cool(d);
	simple(fd, EXER_USE, d, 0, 0, NULL);
	expect(wait_state(fd, d, IN(ACTIVE), 30000) == 0, "the invalidated cookie does not come back");
	expect(get_page(fd, d, 0, 4 * PAGE) == 0, "what was invalidated without a cache is read from it");
	cool(d);
	relinquish_checked(fd, c, false);
	relinquish_checked(fd, d, true);
	close_volume(v);
}

/*
 * The cache goes while a change is in memory, and what the file will be then has been told: as a
 * directory's content by kafs, which stores it later than the server's word of it.
 */
static void withdraw_while_changed(void)
{
	uint32_t v = volume_acquire(fd, "scenario,changed", 0, NULL);
	uint32_t c = warm_cookie(v, "changed", 1);

	cool(c);
	relinquish_checked(fd, c, false);
	c = cookie_acquire(fd, v, "changed", 1, 4 * PAGE, EXER_KEEP, NULL);
	simple(fd, EXER_USE, c, EXER_MODIFY, 0, NULL);
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active");
	expect(get_page(fd, c, 0, 4 * PAGE) == EXER_TAG(7, 1, 1), "what was stored is not found");
	simple(fd, EXER_UPDATE, c, 0, 4 * PAGE, NULL);
	cache_withdraw();
	cool(c);
	relinquish_checked(fd, c, false);
	cache_bind(options.cache);
	c = cookie_acquire(fd, v, "changed", 1, 4 * PAGE, EXER_KEEP, NULL);
	use_in_next_cache(c);
	if (get_page(fd, c, 0, 4 * PAGE))
		bad_but_in_c("what was being changed when the cache went is found as it was before");
	cool(c);
	relinquish_checked(fd, c, false);
	close_volume(v);
}

static void acquired_before_cache(void)
{
	uint32_t v, c;

	cache_withdraw();
	v = volume_acquire(fd, "scenario,early", 0, NULL);
	c = cookie_acquire(fd, v, "early", 1, 4 * PAGE, EXER_KEEP, NULL);
	simple(fd, EXER_USE, c, EXER_MODIFY, 0, NULL);
	expect(query(c).state == QUIESCENT, "a lookup began without a cache");
	expect(put_page(fd, c, 7, 1, 0, 4 * PAGE) == -ENOBUFS, "one can write without a cache");
	cool(c);
	cache_bind(options.cache);
	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "a cookie from before the cache does not become active");
	expect(put_page(fd, c, 7, 1, 0, 4 * PAGE) == (long)PAGE, "it cannot be written to");
	cool(c);
	relinquish_checked(fd, c, false);
	close_volume(v);
}

/* A device that is closed with everything open: as an umount -f would. */
static void left_open(void)
{
	int mine = fd;
	uint32_t v, c;
	struct exer_request rq;

	fd = device_open();
	v = volume_acquire(fd, "scenario,left", 0, NULL);
	c = warm_cookie(v, "left", 1);
	rq = (struct exer_request){ .op = EXER_BEGIN, .handle = c };
	call(fd, &rq);
	cookie_acquire(fd, v, "left too", 1, PAGE, 0, NULL);
	close(fd);
	fd = mine;
}

static void bounds(void)
{
	static const struct { uint32_t key, aux, flags; bool valid; } cases[] = {
		{ 1, 8, 0, true }, { 16, 8, 0, true }, { 17, 9, 0, true }, { 255, 255, 0, true },
		{ 5, 0, 0, true }, { 6, 8, EXER_NULL_AUX, true }, { 0, 8, 0, false }, { 256, 8, 0, false },
		{ 7, 256, 0, false }, { 7, 300, EXER_NULL_AUX, false }, { 7, 8, EXER_NULL_KEY, false },
	};
	uint32_t v = volume_acquire(fd, "scenario,bounds", 0, NULL), long_volume;
	char key[260] = {};
	long result;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct exer_request rq = { .op = EXER_COOKIE_ACQUIRE, .volume = v, .size = 0,
			.key_len = cases[i].key, .aux_len = cases[i].aux, .flags = cases[i].flags | EXER_KEEP };

		memset(rq.key, 'a' + i, sizeof(rq.key));
		call(fd, &rq);
		if (!!rq.info.valid != cases[i].valid)
			bad("a key of %u with %u of coherency data was %s", cases[i].key, cases[i].aux,
			    rq.info.valid ? "taken" : "refused");
		relinquish_checked(fd, rq.handle, false);
	}
	close_volume(v);
	memset(key, 'v', 256);
	volume_acquire(fd, key, 0, &result);
	expect(result == -ENOMEM, "a volume with a key of 256 was not refused as C does");
	key[200] = 0;
	long_volume = volume_acquire(fd, key, 0, &result);
	expect(result == 0, "a volume with a key of 200 was refused");
	close_volume(long_volume);
}

static void invalidate_disabled(void)
{
	uint32_t v = volume_acquire(fd, "scenario,dio", 0, NULL), c = warm_cookie(v, "dio", 1);

	simple(fd, EXER_INVALIDATE, c, EXER_DIO, 4 * PAGE, NULL);
	expect(put_page(fd, c, 7, 2, 0, 4 * PAGE) == -ENOBUFS, "a cookie is written to after a direct write");
	expect(get_page(fd, c, 0, 4 * PAGE) == 0, "a cookie is read after a direct write");
	cool(c);
	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "it does not come back when nobody uses it any more");
	expect(put_page(fd, c, 7, 3, 0, 4 * PAGE) == (long)PAGE, "it cannot be written to again");
	expect(get_page(fd, c, 0, 4 * PAGE) == EXER_TAG(7, 2, 3), "what was written then is not read");
	cool(c);
	relinquish_checked(fd, c, true);
	close_volume(v);
}

/* --- the cache's filesystem dies ---------------------------------------- */

void scrap_break(void)
{
	__u32 how = 2;		/* without flushing the log: as a disk that is gone */
	int folder = open(options.scrap, O_RDONLY);

	if (folder < 0 || ioctl(folder, FS_IOC_SHUTDOWN, &how))
		bad("cannot shut down %s: %s", options.scrap, strerror(errno));
	if (folder >= 0)
		close(folder);
}

static void io_error(void)
{
	char folder[300];

	if (!options.scrap) {
		note("io-error: skipped, no --scrap");
		return;
	}
	snprintf(folder, sizeof(folder), "%s/cache", options.scrap);
	cache_withdraw();
	cache_bind(folder);
	random_phase(LOAD_IO_ERROR, options.seconds < 8 ? 4 : options.seconds / 4);
	cache_withdraw();
	cache_bind(options.cache);
}

static void withdraw_under_load(void)
{
	random_phase(LOAD_WITHDRAW, options.seconds < 12 ? 6 : options.seconds / 2);
}

static const struct scenario {
	const char *name;
	void (*function)(void);
} all[] = {
	{ "bounds", bounds },
	{ "never-used", never_used },
	{ "duplicate-key", duplicate_key },
	{ "collision", collision },
	{ "volume-collision", volume_collision },
	{ "volume-contention", volume_contention },
	{ "invalidate-during-lookup", invalidate_during_lookup },
	{ "invalidate-disabled", invalidate_disabled },
	{ "left-open", left_open },
	{ "without-volume", without_volume },
	{ "advice", advice },
	{ "occupancy", occupancy },
	{ "early-write", early_write },
	{ "early-write-in-the-making", early_write_in_the_making },
	{ "changed-underneath", changed_underneath },
	{ "copied-while-cut", copied_while_cut },
	{ "volume-invalidated", volume_invalidated },
	{ "volume-coherency", volume_coherency },
	{ "acquired-before-cache", acquired_before_cache },
	{ "withdraw-idle", withdraw_idle },
	{ "withdraw-with-operation", withdraw_with_operation },
	{ "withdraw-while-changed", withdraw_while_changed },
	{ "withdraw-under-load", withdraw_under_load },
	{ "io-error", io_error },
	{ "lru", lru },
};

void scenarios(const char *only)
{
	for (unsigned int i = 0; i < sizeof(all) / sizeof(*all); i++) {
		int before = atomic_load(&failures);
		long cookies = stat_cookies(), volumes = stat_volumes();
		double began = now();

		if (only && strcmp(only, all[i].name))
			continue;
		fd = device_open();
		whoami = all[i].name;
		all[i].function();
		close(fd);
		counts_return(all[i].name, cookies, volumes);
		whoami = "main";
		if (atomic_load(&failures) == before)
			printf("pass %s (%.1f s)\n", all[i].name, now() - began);
		else
			printf("FAIL %s\n", all[i].name);
		fflush(stdout);
	}
}
