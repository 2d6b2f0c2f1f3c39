// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each operation costs, by the kernel's clock: under QEMU's icount that
 * is a number of instructions.  scripts/bench.sh compares what comes of it
 * over all pairs, and takes the rows by name, cookies, volumes and threads.
 */
#include "drive.h"
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <sched.h>

#define MANY		1000	/* cookies that are looked up at once */
#define WINDOW		1000	/* cookies that are acquired and let go at each size */
#define ROUNDS		3
#define ATTEMPTS	20	/* where another machine's load may have been in the way */

static int fd;
static FILE *json;
static const char *separator = "";

void row(const char *name, long cookies, long volumes, int threads, double value, const char *unit)
{
	printf("  %-26s %9ld %8ld %8d %12.0f %s\n", name, cookies, volumes, threads, value, unit);
	fflush(stdout);
	if (json)
		fprintf(json, "%s{\"name\": \"%s\", \"cookies\": %ld, \"volumes\": %ld, \"threads\": %d, \"value\": %.1f, \"unit\": \"%s\"}",
			separator, name, cookies, volumes, threads, value, unit);
	separator = ",\n ";
}

void heading(void)
{
	if (options.json && !json) {
		json = fopen(options.json, "w");
		if (!json)
			bad("%s: %s", options.json, strerror(errno));
		else
			fputs("[", json);
	}
	printf("  %-26s %9s %8s %8s %12s\n", "name", "cookies", "volumes", "threads", "each");
}

void rows_close(void)
{
	if (!json)
		return;
	fputs("]\n", json);
	if (fclose(json))
		bad("%s: %s", options.json, strerror(errno));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double median(double *values, int n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static double loop(int device, uint32_t handle, enum exer_loop kind, uint64_t n, uint32_t who)
{
	struct exer_request rq = { .op = EXER_LOOP, .handle = handle, .advice = kind, .length = n,
		.size = 4 * PAGE, .who = who };
	long ret = call(device, &rq);

	if (ret)
		bad("loop %u: %s", kind, strerror(-ret));
	return (double)rq.nanoseconds / n;
}

/* Answers what one costs; and, where @slices is given, what one in each tenth did. */
static double batch(uint32_t op, uint64_t n, uint64_t first, unsigned int flags, double *slices)
{
	struct exer_request rq = { .op = op, .length = n, .start = first, .flags = flags, .who = 1,
		.key_len = 32, .aux_len = 16, .size = PAGE, .epoch = 1, .cache = "exerciser",
		.states = IN(ACTIVE), .milliseconds = 300000 };
	long ret = call(fd, &rq);

	if (ret || (rq.length != n && op != EXER_BATCH_VOLUMES))
		bad("batch operation %u ended after %llu of %llu: %ld", op,
		    (unsigned long long)rq.length, (unsigned long long)n, ret);
	for (int i = 0; slices && i < EXER_SLICES; i++)
		slices[i] = (double)rq.slices[i] / (n / EXER_SLICES);
	return (double)rq.nanoseconds / (n ? n : 1);
}

static void one_cookie(void)
{
	static const struct { enum exer_loop kind; const char *name; } loops[] = {
		{ EXER_LOOP_USE, "use" }, { EXER_LOOP_UNUSE, "unuse" },
		{ EXER_LOOP_READ, "begin-end-read" }, { EXER_LOOP_WRITE, "begin-end-write" },
		{ EXER_LOOP_WAIT, "wait" },
	};
	uint32_t v = volume_acquire(fd, "bench,one", 0, NULL);
	uint32_t c = cookie_acquire(fd, v, "bench", 1, 4 * PAGE, EXER_KEEP, NULL);

	simple(fd, EXER_USE, c, 0, 0, NULL);
	wait_state(fd, c, IN(ACTIVE), 30000);
	for (int turn = 0; turn < 2; turn++)
		for (unsigned int i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
			double each = loop(fd, c, loops[i].kind, 2000, 0);

			if (turn)
				row(loops[i].name, 1, 1, 1, each, "ns");
		}
	simple(fd, EXER_UNUSE, c, 0, 0, NULL);
	relinquish_checked(fd, c, true);
	volume_relinquish(fd, v, 0);
	drop(fd, v);
}

/* What it takes to look up @n objects that are not there; nothing is left of them. */
static double looked_up_and_gone(uint64_t n, uint64_t first)
{
	double t;

	batch(EXER_BATCH_ACQUIRE, n, first, 0, NULL);
	t = batch(EXER_BATCH_USE, n, 0, 0, NULL);
	t += batch(EXER_BATCH_WAIT, n, 0, 0, NULL);
	batch(EXER_BATCH_UNUSE, n, 0, 0, NULL);
	batch(EXER_BATCH_RELINQUISH, n, 0, EXER_RETIRE, NULL);
	batch(EXER_BATCH_DRAIN, 0, 0, 0, NULL);
	return t;
}

/*
 * Cookies with an object in the cache.  What a worker does is counted to where
 * all of it is done: lookups until the last is active, and so on.
 */
static void cached(bool show, long cookies, long volumes)
{
	double t;

#define ROW(name, value) do { double v = value; if (show) row(name, MANY, 1, 1, v, "ns"); } while (0)
	for (int found = 0; found < 2; found++) {
		batch(EXER_BATCH_VOLUMES, 1, 0, 0, NULL);
		/* What was written is not to be written back while something is measured. */
		sync();
		/*
		 * The first lookup in a volume waits for the volume.  (To find one takes from
		 * 50,000 to 25,000,000, as the disk likes: no row.)
		 */
		t = looked_up_and_gone(1, 1 << 20);
		if (!found && !show)
			row("volume-created", 1, 1, 1, t, "ns");
		/* And those after it may, until all of its directories are open. */
		looked_up_and_gone(MANY, 1 << 20);
		if (!found) {
			ROW("acquire", batch(EXER_BATCH_ACQUIRE, MANY, 0, 0, NULL));
			ROW("relinquish", batch(EXER_BATCH_RELINQUISH, MANY, 0, 0, NULL));
		}
		batch(EXER_BATCH_ACQUIRE, MANY, 0, 0, NULL);
		t = batch(EXER_BATCH_USE, MANY, 0, 0, NULL);
		t += batch(EXER_BATCH_WAIT, MANY, 0, 0, NULL);
		ROW(found ? "lookup-found" : "lookup-created", t);
		if (found) {
			ROW("last-unuse", batch(EXER_BATCH_UNUSE, MANY, 0, 0, NULL));
			ROW("first-use", batch(EXER_BATCH_USE, MANY, 0, 0, NULL));
			t = batch(EXER_BATCH_INVALIDATE, MANY, 0, 0, NULL);
			ROW("invalidate-call", t);
			ROW("invalidate", t + batch(EXER_BATCH_WAIT, MANY, 0, 0, NULL));
		}
		batch(EXER_BATCH_UNUSE, MANY, 0, 0, NULL);
		t = batch(EXER_BATCH_RELINQUISH, MANY, 0, found ? EXER_RETIRE : 0, NULL);
		if (!found)
			ROW("relinquish-cached-call", t);
		t += batch(EXER_BATCH_DRAIN, 0, 0, 0, NULL) / MANY;
		ROW(found ? "relinquish-retired" : "relinquish-cached", t);
		batch(EXER_BATCH_FREE, 0, 0, 0, NULL);
		counts_return("the cached cookies", cookies, volumes);
	}
#undef ROW
}

/* So that no worker runs in the midst of the calls that queue it. */
static void before_others(bool on)
{
	struct sched_param parameter = { .sched_priority = on };

	if (sched_setscheduler(0, on ? SCHED_FIFO : SCHED_OTHER, &parameter))
		bad("cannot change the scheduling: %s", strerror(errno));
}

void bench(void)
{
	long cookies = stat_cookies(), volumes = stat_volumes();

	whoami = "bench";
	before_others(true);
	fd = device_open();
	heading();
	one_cookie();
	counts_return("one cookie", cookies, volumes);
	cached(false, cookies, volumes);
	cached(true, cookies, volumes);
	close(fd);
	before_others(false);
	counts_return("bench", cookies, volumes);
	whoami = "main";
}

/* --- several threads at once --------------------------------------------- */

struct racer {
	pthread_t thread;
	pthread_barrier_t *start;
	uint32_t handle, who;
	enum exer_loop kind;
	uint64_t n;
	double each;
};

static void *race(void *argument)
{
	struct racer *racer = argument;

	whoami = "racer";
	pthread_barrier_wait(racer->start);
	racer->each = loop(fd, racer->handle, racer->kind, racer->n, racer->who);
	return NULL;
}

void contention(void)
{
	static const struct { enum exer_loop kind; uint64_t n; const char *name; } loops[] = {
		{ EXER_LOOP_USE_UNUSE, 100000, "use-unuse" },
		{ EXER_LOOP_READ, 30000, "begin-end-read" },
		{ EXER_LOOP_ACQUIRE, 10000, "acquire-relinquish" },
	};
	static const char *const shares[] = { "own-volumes", "one-volume", "one-cookie" };
	enum { OWN_VOLUMES, ONE_VOLUME, ONE_COOKIE };
	long cookies = stat_cookies(), n_volumes = stat_volumes();
	int most = sysconf(_SC_NPROCESSORS_ONLN);
	struct racer *racers = calloc(most, sizeof(*racers));
	uint32_t *volumes = calloc(most, sizeof(*volumes)), *own = calloc(2 * most, sizeof(*own));
	uint32_t *together = own + most;

	whoami = "contention";
	fd = device_open();
	heading();
	for (int i = 0; i < most; i++) {
		char key[40];

		snprintf(key, sizeof(key), "bench,%d", i);
		volumes[i] = volume_acquire(fd, key, 0, NULL);
		own[i] = cookie_acquire(fd, volumes[i], "own", 1, PAGE, EXER_KEEP, NULL);
		snprintf(key, sizeof(key), "together %d", i);
		together[i] = cookie_acquire(fd, volumes[0], key, 1, PAGE, EXER_KEEP, NULL);
	}
	for (int i = 0; i < 2 * most; i++) {
		simple(fd, EXER_USE, own[i], 0, 0, NULL);
		wait_state(fd, own[i], IN(ACTIVE), 30000);
	}
	for (unsigned int k = 0; k < sizeof(loops) / sizeof(*loops); k++) {
		for (int share = OWN_VOLUMES; share <= ONE_COOKIE; share++) {
			if (share == ONE_COOKIE && loops[k].kind == EXER_LOOP_ACQUIRE)
				continue;
			/* Alone, what is shared makes no difference. */
			for (int threads = share == OWN_VOLUMES ? 1 : most; ; threads = most) {
				double each[5 * 64];
				char name[80];
				int n = 0;

				for (int turn = 0; turn < 5; turn++) {
					pthread_barrier_t start;

					pthread_barrier_init(&start, NULL, threads);
					for (int i = 0; i < threads; i++) {
						racers[i] = (struct racer){ .start = &start, .who = i + 1,
							.kind = loops[k].kind, .n = loops[k].n,
							.handle = share == OWN_VOLUMES ? own[i] :
								share == ONE_VOLUME ? together[i] : own[0] };
						if (pthread_create(&racers[i].thread, NULL, race, &racers[i]))
							abort();
					}
					for (int i = 0; i < threads; i++) {
						pthread_join(racers[i].thread, NULL);
						if (n < 5 * 64)
							each[n++] = racers[i].each;
					}
					pthread_barrier_destroy(&start);
				}
				snprintf(name, sizeof(name), "%s-%s", loops[k].name,
					 threads == 1 ? "alone" : shares[share]);
				row(name, 2 * most, most, threads, median(each, n), "ns");
				if (threads == most)
					break;
			}
		}
	}
	for (int i = 0; i < 2 * most; i++) {
		simple(fd, EXER_UNUSE, own[i], 0, 0, NULL);
		relinquish_checked(fd, own[i], true);
	}
	for (int i = 0; i < most; i++) {
		volume_relinquish(fd, volumes[i], 0);
		drop(fd, volumes[i]);
	}
	free(racers);
	free(volumes);
	free(own);
	close(fd);
	counts_return("contention", cookies, n_volumes);
	whoami = "main";
}

/* --- very many cookies --------------------------------------------------- */

struct memory { double available, kernel, jar; };

/* Gives back what the kernel only keeps because nobody wanted it so far. */
static void spare_memory(void)
{
	glob_t slabs;
	int file = open("/proc/sys/vm/drop_caches", O_WRONLY);

	if (file < 0 || write(file, "3", 1) != 1)
		bad("cannot drop the page cache: %s", strerror(errno));
	close(file);
	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &slabs))
		bad("there is no slab to shrink");
	for (size_t i = 0; i < slabs.gl_pathc; i++) {
		/* Some come and go with what they are for. */
		file = open(slabs.gl_pathv[i], O_WRONLY);
		if (file < 0)
			continue;
		if (write(file, "1", 1) != 1)
			bad("cannot shrink %s: %s", slabs.gl_pathv[i], strerror(errno));
		close(file);
	}
	globfree(&slabs);
}

static struct memory memory(void)
{
	struct memory m = {};
	char line[512];
	double value, objects, slabs, each;
	FILE *file;

	spare_memory();
	file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %lf", &value) == 1)
			m.available += value * 1024;
		if (sscanf(line, "Slab: %lf", &value) == 1 || sscanf(line, "VmallocUsed: %lf", &value) == 1)
			m.kernel += value * 1024;
	}
	if (file)
		fclose(file);
	/* What a processor keeps at hand is free too, and is not counted as that. */
	file = fopen("/proc/zoneinfo", "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %lf", &value) == 1)
			m.available += value * PAGE;
	if (file)
		fclose(file);
	file = fopen("/proc/slabinfo", "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "fscache_cookie_jar %*f %*f %*f %lf %lf : %*s %*f %*f %*f : %*s %*f %lf",
			   &objects, &each, &slabs) == 3)
			m.jar = slabs * each * PAGE;
	if (file)
		fclose(file);
	return m;
}

/*
 * How long /proc/fs/fscache/cookies takes to read, for each of @n cookies. In @cheapest, the same
 * of the cheapest read of its last tenth: what grows with the place in the list is large there,
 * and a busy host makes most reads dearer, at any time.
 */
static double read_list(long n, double *cheapest)
{
	static char buffer[65536];
	int list = open("/proc/fs/fscache/cookies", O_RDONLY);
	double began = now(), before = began;
	ssize_t len;
	long lines = 0;

	*cheapest = 1e12;
	watched("reading the list of cookies");
	while (list >= 0 && (len = read(list, buffer, sizeof(buffer))) > 0) {
		double took = now() - before;
		long here = 0;

		for (char *p = buffer; (p = memchr(p, '\n', buffer + len - p)); p++)
			here++;
		lines += here;
		if (here && lines > n / 10 * 9 && took * 1e9 / here < *cheapest)
			*cheapest = took * 1e9 / here;
		before = now();
	}
	watched(NULL);
	if (list >= 0)
		close(list);
	/* Two lines of heading. */
	if (lines != n + 2)
		bad("/proc/fs/fscache/cookies has %ld lines of %ld cookies", lines - 2, n);
	return (now() - began) * 1e9 / n;
}

static bool is_flat(double first, double value)
{
	return !options.flat || value <= first * (100 + options.flat) / 100;
}

static void flat(const char *name, long cookies, long volumes, double first, double value)
{
	if (!is_flat(first, value))
		bad_but_in_c("%s: %.0f ns with %ld cookies in %ld volumes, but %.0f with fewer", name,
			     value, cookies, volumes, first);
}

static const struct { uint32_t op; const char *name; } steps[] = {
	{ EXER_BATCH_RELINQUISH, "scale-relinquish" }, { EXER_BATCH_ACQUIRE, "scale-acquire" },
	{ EXER_BATCH_USE, "scale-use" }, { EXER_BATCH_UNUSE, "scale-unuse" },
};

/* What each of the steps costs, on the last of @have cookies; a matter of milliseconds. */
static void window_costs(uint64_t have, double *each)
{
	double slices[4][ROUNDS * EXER_SLICES];

	/* Two after the other: what was used is on the LRU, and costs more to let go. */
	for (int i = 0; i < 4; i += 2)
		for (int round = 0; round < ROUNDS; round++)
			for (int j = i; j < i + 2; j++)
				batch(steps[j].op, WINDOW, have - WINDOW, 0,
				      &slices[j][round * EXER_SLICES]);
	for (int i = 0; i < 4; i++)
		each[i] = median(slices[i], ROUNDS * EXER_SLICES);
}

/*
 * Cookies that nobody uses, more and more of them: the tables alone.  There is
 * no cache, so that a use leaves a cookie QUIESCENT.
 */
static void scale_in(uint64_t most, long volumes)
{
	double first[4] = {}, first_list = 0;
	long cookies = stat_cookies(), others = stat_volumes();
	bool in_c = access("/sys/module/fscache", F_OK) != 0;
	struct memory before, after;
	uint64_t have = 0, next;

	batch(EXER_BATCH_VOLUMES, volumes, 0, 0, NULL);
	before = memory();
	for (next = WINDOW; next <= most; have = next, next *= 10) {
		double each[4];

		row("scale-acquire-filling", next, volumes, 1,
		    batch(EXER_BATCH_ACQUIRE, next - have, have, 0, NULL), "ns");
		if (stat_cookies() != cookies + (long)next || stat_volumes() != others + volumes)
			bad("%ld cookies and %ld volumes are counted, wanted %ld and %ld", stat_cookies(),
			    stat_volumes(), cookies + (long)next, others + volumes);
		if (next == WINDOW)
			window_costs(next, first);
		for (int attempt = 0; attempt < (options.flat ? ATTEMPTS : 1); attempt++) {
			bool all = true;

			if (attempt)
				usleep(200000);
			window_costs(next, each);
			for (int i = 0; i < 4; i++)
				all = all && is_flat(first[i], each[i]);
			if (all)
				break;
		}
		for (int i = 0; i < 4; i++) {
			row(steps[i].name, next, volumes, 1, each[i], "ns");
			flat(steps[i].name, next, volumes, first[i], each[i]);
		}
		/* In C the time is the square of the length: a minute, if it is long. */
		if (next >= 10000 && (!in_c || next <= (options.flat ? 10000 : 100000))) {
			double cheapest, line = read_list(cookies + next, &cheapest);

			if (next == 10000)
				first_list = cheapest;
			for (int i = 0; i < 3 && !is_flat(first_list, cheapest); i++)
				line = read_list(cookies + next, &cheapest);
			row("scale-list", next, volumes, 1, line, "ns");
			flat("scale-list", next, volumes, first_list, cheapest);
		}
	}
	after = memory();
	row("memory-cookie-slab", have, volumes, 1, (after.jar - before.jar) / have, "bytes");
	row("memory-slab-vmalloc", have, volumes, 1, (after.kernel - before.kernel) / have, "bytes");
	row("memory-available", have, volumes, 1, (before.available - after.available) / have, "bytes");
	row("scale-relinquish-emptying", have, volumes, 1,
	    batch(EXER_BATCH_RELINQUISH, have, 0, 0, NULL), "ns");
	batch(EXER_BATCH_FREE, 0, 0, 0, NULL);
	counts_return("scale", cookies, others);
}

void scale(void)
{
	bool bound = cache_bound();

	whoami = "scale";
	/* Nor are the volumes to be made on disk. */
	cache_withdraw();
	fd = device_open();
	heading();
	scale_in(options.cookies, 1);
	scale_in(options.cookies, 10000);
	close(fd);
	if (bound)
		cache_bind(options.cache);
	whoami = "main";
}
