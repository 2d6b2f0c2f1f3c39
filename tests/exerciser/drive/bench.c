// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each operation costs, by the kernel's clock: under QEMU's icount that
 * is a number of instructions.
 */
#include "drive.h"

static int fd;
static FILE *json;
static const char *separator = "";

static void row(const char *operation, long live, long volumes, double each)
{
	printf("  %-34s %9ld %8ld %12.0f\n", operation, live, volumes, each);
	fflush(stdout);
	if (json)
		fprintf(json, "%s{\"operation\": \"%s\", \"cookies\": %ld, \"volumes\": %ld, \"ns\": %.1f}",
			separator, operation, live, volumes, each);
	separator = ",\n  ";
}

static double loop(uint32_t handle, unsigned int kind, uint64_t n)
{
	struct exer_request rq = { .op = EXER_LOOP, .handle = handle, .advice = kind, .length = n,
		.size = 4 * PAGE };
	long ret = call(fd, &rq);

	if (ret)
		bad("loop %u: %s", kind, strerror(-ret));
	return (double)rq.nanoseconds / n;
}

static double batch(uint32_t op, uint64_t n, uint64_t first, unsigned int flags)
{
	struct exer_request rq = { .op = op, .length = n, .start = first, .flags = flags, .who = 1,
		.key_len = 32, .aux_len = 16, .size = PAGE, .epoch = 1, .cache = "exerciser",
		.states = IN(ACTIVE), .milliseconds = 300000 };
	long ret = call(fd, &rq);

	if (ret || (rq.length != n && op != EXER_BATCH_WAIT && op != EXER_BATCH_VOLUMES && op != EXER_BATCH_FREE))
		bad("batch operation %u ended after %llu of %llu: %ld", op,
		    (unsigned long long)rq.length, (unsigned long long)n, ret);
	return (double)rq.nanoseconds / (n ? n : 1);
}

static void quiet(long cookies)
{
	for (int i = 0; i < 600 && stat_cookies() > cookies; i++)
		usleep(100000);
}

static void one_cookie(void)
{
	static const char *const names[] = { "use (in use already)", "unuse (still in use)",
		"use and unuse (first and last)", "begin and end a read operation",
		"begin and end a write operation", "wait for an operation (no wait)", "invalidate" };
	uint32_t v = volume_acquire(fd, "bench,one", 0, NULL);
	uint32_t c = cookie_acquire(fd, v, "bench", 1, 4 * PAGE, EXER_KEEP, NULL);

	simple(fd, EXER_USE, c, 0, 0, NULL);
	wait_state(fd, c, IN(ACTIVE), 30000);
	for (int kind = 0; kind < 7; kind++) {
		if (kind == 2)
			simple(fd, EXER_UNUSE, c, 0, 0, NULL);
		loop(c, kind, kind == 6 ? 5 : 500);
		row(names[kind], 1, 1, loop(c, kind, kind == 6 ? 50 : 500));
		if (kind == 2)
			simple(fd, EXER_USE, c, 0, 0, NULL);
	}
	simple(fd, EXER_UNUSE, c, 0, 0, NULL);
	relinquish_checked(fd, c, true);
	volume_relinquish(fd, v, 0);
	drop(fd, v);
}

/* Lookups: all at once, until the last is active. */
static void lookups(uint64_t n)
{
	static const char *const names[] = { "lookup, created", "lookup, found" };
	long cookies = stat_cookies();

	for (int i = 0; i < 2; i++) {
		double t;

		batch(EXER_BATCH_VOLUMES, 1, 0, 0);
		batch(EXER_BATCH_ACQUIRE, n, 0, 0);
		t = batch(EXER_BATCH_USE, n, 0, 0);
		t += batch(EXER_BATCH_WAIT, n, 0, 0);
		row(names[i], n, 1, t);
		batch(EXER_BATCH_UNUSE, n, 0, 0);
		t = batch(EXER_BATCH_RELINQUISH, n, 0, i ? EXER_RETIRE : 0);
		row(i ? "relinquish and retire, cached (call)" : "relinquish, cached (call)", n, 1, t);
		batch(EXER_BATCH_FREE, 0, 0, 0);
		quiet(cookies);
	}
}

/* Cookies that nobody uses, more and more of them: the tables alone. */
static void scale(uint64_t most, uint64_t volumes)
{
	long cookies = stat_cookies();
	uint64_t have = 0, next;

	batch(EXER_BATCH_VOLUMES, volumes, 0, 0);
	for (next = 1000; next <= most; next *= 10) {
		if (next - have > 1000)
			batch(EXER_BATCH_ACQUIRE, next - 1000 - have, have, 0);
		have = next;
		row("acquire (the last 1000)", next, volumes, batch(EXER_BATCH_ACQUIRE, 1000, next - 1000, 0));
		batch(EXER_BATCH_RELINQUISH, 1000, 0, 0);
		batch(EXER_BATCH_ACQUIRE, 1000, next - 1000, 0);
		row("relinquish, never used", next, volumes, batch(EXER_BATCH_RELINQUISH, 1000, 0, 0));
		batch(EXER_BATCH_ACQUIRE, 1000, next - 1000, 0);
	}
	batch(EXER_BATCH_FREE, 0, 0, 0);
	quiet(cookies);
}

void bench(void)
{
	long cookies = stat_cookies(), volumes = stat_volumes();
	const char *most = getenv("BENCH_COOKIES");
	uint64_t n = most ? strtoull(most, NULL, 0) : 100000;

	json = options.json ? fopen(options.json, "w") : NULL;
	if (json)
		fprintf(json, "[");
	whoami = "bench";
	fd = device_open();
	printf("  %-34s %9s %8s %12s\n", "operation", "cookies", "volumes", "ns each");
	one_cookie();
	lookups(200);
	/* The volumes of the following are not to be made on disk. */
	cache_withdraw();
	scale(n, 1);
	scale(n, 10000);
	close(fd);
	counts_return("bench", cookies, volumes);
	if (json) {
		fprintf(json, "]\n");
		fclose(json);
	}
	whoami = "main";
}
