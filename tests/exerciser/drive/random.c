// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences, and a model of what must hold.
 *
 * Three kinds of threads run side by side:
 *   owners   each has cookies of its own and a model of every page of them;
 *   sharers  all use the same few cookies; of a page they know only in which
 *            epoch it must be, the one in which the read began;
 *   churners acquire and relinquish the same few keys, one holder at a time.
 * The sequence of each thread follows from the seed alone.
 */
#include "random.h"

#define SHARED		4
#define KEYS		4

atomic_bool stop;
enum load load;
int device;
uint32_t volumes[2];
atomic_long n_calls, n_hits, n_writes, n_invalidations;
static uint32_t shared[SHARED];
static atomic_int holders[KEYS], volume_holders[2];
static atomic_long n_lost;

/* --- sharers ------------------------------------------------------------- */

static void *sharer(void *argument)
{
	struct thread *t = argument;
	int uses[SHARED] = {};

	whoami = t->name;
	while (!atomic_load(&stop)) {
		int n = rng_below(&t->rng, SHARED);
		uint32_t dice = rng_below(&t->rng, 100), serial = rng_below(&t->rng, 1 << 20);
		uint64_t page = rng_below(&t->rng, 16), size = 16 * PAGE;
		struct exer_request rq = { .handle = shared[n], .who = 0x8000 + n, .serial = serial,
			.start = page * PAGE, .length = PAGE * (1 + rng_below(&t->rng, 16 - page)),
			.size = size };

		atomic_fetch_add(&n_calls, 1);
		if (!uses[n] || dice < 10) {
			simple(device, EXER_USE, shared[n], dice & 1 ? EXER_MODIFY : 0, 0, NULL);
			uses[n]++;
		} else if (dice < 20) {
			simple(device, EXER_UNUSE, shared[n], dice & 1 ? EXER_SET_AUX : 0, size, NULL);
			uses[n]--;
		} else if (dice < 45) {
			rq.op = dice < 40 ? EXER_WRITE : EXER_WRITE_TO_CACHE;
			if (!call(device, &rq) && rq.transferred > 0)
				atomic_fetch_add(&n_writes, 1);
			if (rq.op == EXER_WRITE_TO_CACHE && rq.source)
				bad("%u pages kept their mark after a write to the cache", rq.source);
		} else if (dice < 92) {
			rq.op = EXER_READ;
			rq.flags = dice < 85 ? 0 : EXER_DIRECT;
			if (call(device, &rq) || rq.transferred <= 0)
				continue;
			atomic_fetch_add(&n_hits, 1);
			for (unsigned int i = 0; (int64_t)(i * PAGE) < rq.transferred; i++) {
				uint64_t tag = rq.tags[i];

				if (tag == EXER_TAG_HOLE && rq.flags)
					continue;
				/* Two writers at once may mix within a page, but not epochs. */
				if (tag == EXER_TAG_MIXED && rq.tag_epoch)
					atomic_fetch_add(&n_lost, 1);
				else if (tag == EXER_TAG_HOLE || tag == EXER_TAG_UNREAD)
					bad("shared cookie %d: page %llu was not read", n,
					    (unsigned long long)page + i);
				else if (EXER_TAG_WHO(tag) != rq.who)
					bad("shared cookie %d: page %llu belongs to %x", n,
					    (unsigned long long)page + i, EXER_TAG_WHO(tag));
				else if (EXER_TAG_EPOCH(tag) != rq.tag_epoch)
					(load == LOAD_QUIET ? bad : bad_but_in_c)("shared cookie %d: page %llu is STALE: of epoch %u, the read began in %u%s",
					    n, (unsigned long long)page + i, EXER_TAG_EPOCH(tag),
					    rq.tag_epoch, rq.flags ? " (read directly)" : "");
			}
		} else if (dice < 96) {
			simple(device, EXER_INVALIDATE, shared[n], 0, size, NULL);
			atomic_fetch_add(&n_invalidations, 1);
		} else if (dice < 98) {
			simple(device, EXER_UPDATE, shared[n], 0, size, NULL);
		} else {
			simple(device, EXER_RESIZE, shared[n], 0, size, NULL);
		}
	}
	for (int n = 0; n < SHARED; n++)
		while (uses[n]-- > 0)
			simple(device, EXER_UNUSE, shared[n], EXER_SET_AUX, 16 * PAGE, NULL);
	return NULL;
}

/* --- churners ------------------------------------------------------------ */

static void churn_cookie(struct thread *t, uint32_t volume, const char *prefix, atomic_int *holder, int n)
{
	struct exer_cookie_info info;
	char key[40];
	uint32_t handle, dice = rng_below(&t->rng, 16);

	snprintf(key, sizeof(key), "%s-%d", prefix, n);
	handle = cookie_acquire(device, volume, key, 1, PAGE, EXER_KEEP, &info);
	if (!info.valid) {
		drop(device, handle);
		return;
	}
	if (atomic_fetch_add(holder, 1) != 0)
		bad("two hold the key '%s' at once", key);
	if (dice & 1) {
		simple(device, EXER_USE, handle, dice & 2 ? EXER_MODIFY : 0, 0, NULL);
		if (dice & 4)
			wait_state(device, handle, IN(ACTIVE), 50);
		if (dice & 8)
			put_page(device, handle, 0x9000 + n, 1, 0, PAGE);
		simple(device, EXER_UNUSE, handle, EXER_SET_AUX, PAGE, NULL);
	}
	atomic_fetch_sub(holder, 1);
	if (dice & 2) {
		relinquish_checked(device, handle, dice & 4);
	} else {
		simple(device, EXER_COOKIE_RELINQUISH, handle, dice & 4 ? EXER_RETIRE : 0, 0, NULL);
		drop(device, handle);
	}
}

static void *churner(void *argument)
{
	struct thread *t = argument;

	whoami = t->name;
	while (!atomic_load(&stop)) {
		int n = rng_below(&t->rng, KEYS);
		char key[40];
		long result;
		uint32_t volume;

		atomic_fetch_add(&n_calls, 1);
		if (rng_below(&t->rng, 4)) {
			churn_cookie(t, volumes[0], "churned", &holders[n], n);
			continue;
		}
		n %= 2;
		snprintf(key, sizeof(key), "churned,%d", n);
		volume = volume_acquire(device, key, 0, &result);
		if (result == -EBUSY)
			continue;
		if (result) {
			bad("volume '%s' was refused: %s", key, strerror(-result));
			continue;
		}
		if (atomic_fetch_add(&volume_holders[n], 1) != 0)
			bad("two hold the volume '%s' at once", key);
		for (int i = rng_below(&t->rng, 3); i > 0; i--) {
			atomic_int mine = 0;

			churn_cookie(t, volume, "in-churned", &mine, i);
		}
		atomic_fetch_sub(&volume_holders[n], 1);
		volume_relinquish(device, volume, rng_below(&t->rng, 3) ? 0 : EXER_RETIRE);
		drop(device, volume);
	}
	return NULL;
}

/* --- the phase ----------------------------------------------------------- */

void random_phase(enum load what, int seconds)
{
	static const char *const names[] = { "random", "random, cache withdrawn now and then", "random, I/O error of the cache" };
	int n_threads = options.threads;
	struct thread *threads = calloc(n_threads, sizeof(*threads));
	long cookies = stat_cookies(), volumes_before = stat_volumes();
	struct rng rng = { options.seed * 977 + what };
	double end = now() + seconds, middle = now() + seconds / 2.0;
	bool broken = false;

	load = what;
	atomic_store(&stop, false);
	n_calls = n_hits = n_writes = n_invalidations = n_lost = 0;
	device = device_open();
	volumes[0] = volume_acquire(device, "exerciser,one", 0, NULL);
	volumes[1] = volume_acquire(device, "exerciser,two", 0, NULL);
	for (int i = 0; i < SHARED; i++) {
		char key[40];

		snprintf(key, sizeof(key), "shared-%d-%d", what, i);
		shared[i] = cookie_acquire(device, volumes[i % 2], key, 1, 16 * PAGE, EXER_KEEP, NULL);
	}
	for (int i = 0; i < n_threads; i++) {
		struct thread *t = &threads[i];

		t->number = i;
		t->rng.state = options.seed * 1000003 + what * 10007 + i;
		snprintf(t->name, sizeof(t->name), "%s %d", i % 3 == 0 ? "owner" : i % 3 == 1 ? "sharer" : "churner", i);
		if (pthread_create(&t->thread, NULL, i % 3 == 0 ? owner : i % 3 == 1 ? sharer : churner, t))
			abort();
	}
	while (now() < end && atomic_load(&failures) < 30) {
		usleep(200000 + rng_below(&rng, 800000));
		if (what == LOAD_WITHDRAW) {
			cache_withdraw();
			usleep(rng_below(&rng, 300000));
			cache_bind(options.cache);
		} else if (what == LOAD_IO_ERROR && !broken && now() > middle) {
			scrap_break();
			broken = true;
		}
	}
	atomic_store(&stop, true);
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i].thread, NULL);
	for (int i = 0; i < SHARED; i++)
		relinquish_checked(device, shared[i], false);
	for (int i = 0; i < 2; i++) {
		if (volume_relinquish(device, volumes[i], 0))
			bad("a volume has cookies left");
		drop(device, volumes[i]);
	}
	close(device);
	free(threads);
	counts_return(names[what], cookies, volumes_before);
	note("%s: %ld steps, %ld hits, %ld writes, %ld invalidations in %d s; seed %llu", names[what],
	     n_calls, n_hits, n_writes, n_invalidations, seconds, (unsigned long long)options.seed);
	if (n_lost)
		note("%ld pages were a mix of two writes", n_lost);
	if (what == LOAD_QUIET && (!n_hits || !n_writes))
		bad("nothing was ever read from the cache or written to it");
}
