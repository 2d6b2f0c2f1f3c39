// SPDX-License-Identifier: GPL-2.0-only
/*
 * Between the driver and the kernel: the device, the cache, the counters, and
 * a watchdog over every call.
 */
#include "drive.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <time.h>

#define CALLERS		256
#define LONG		15.0	/* for what nothing is slow in: somebody forgot to wake it */
#define PATIENCE	100.0	/* fscache itself may wait 20 s, and the exerciser 90 */

__thread const char *whoami = "main";
atomic_int failures;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static struct caller {
	_Atomic double since;
	const char *who;
	const char *what;
	uint32_t op, handle;
} callers[CALLERS];
static atomic_int n_callers;
static __thread struct caller *self;

static void say(const char *kind, const char *format, va_list arguments)
{
	pthread_mutex_lock(&output);
	printf("  %s%s: ", kind, whoami);
	vprintf(format, arguments);
	printf("\n");
	fflush(stdout);
	pthread_mutex_unlock(&output);
}

void bad(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (atomic_fetch_add(&failures, 1) < 30)
		say("FAIL: ", format, arguments);
	va_end(arguments);
}

static void bad_or_known(bool known, const char *format, va_list arguments)
{
	if (known)
		say("known fault of C: ", format, arguments);
	else if (atomic_fetch_add(&failures, 1) < 30)
		say("FAIL: ", format, arguments);
}

/* In the kernel's own modules fscache is a part of netfs. */
bool fscache_is_c(void)
{
	return access("/sys/module/fscache", F_OK) != 0;
}

void bad_but_in_c(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	bad_or_known(fscache_is_c(), format, arguments);
	va_end(arguments);
}

/* A module that is none of the kernel's own taints it ("O"). */
bool backend_is_c(void)
{
	char taint[16] = "";
	int file = open("/sys/module/cachefiles/taint", O_RDONLY);
	bool known = file >= 0 && read(file, taint, sizeof(taint) - 1) >= 0;

	if (file >= 0)
		close(file);
	return known && !strchr(taint, 'O');
}

void bad_but_in_c_backend(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	bad_or_known(backend_is_c(), format, arguments);
	va_end(arguments);
}

void note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say("", format, arguments);
	va_end(arguments);
}

double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = (rng->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static struct caller *caller(void)
{
	if (!self)
		self = &callers[atomic_fetch_add(&n_callers, 1) % CALLERS];
	return self;
}

void watched(const char *what)
{
	struct caller *me = caller();

	me->who = whoami;
	me->what = what;
	atomic_store(&me->since, what ? now() : 0);
}

static void show_file(const char *path)
{
	char line[512];
	FILE *file = fopen(path, "r");
	int n = 0;

	if (!file)
		return;
	printf("--- %s\n", path);
	while (n++ < 80 && fgets(line, sizeof(line), file))
		fputs(line, stdout);
	fclose(file);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

/* A call that does not end is a finding; and nothing after it would be one. */
static void *watchdog(void *unused)
{
	(void)unused;
	for (;;) {
		sleep(1);
		for (int i = 0; i < CALLERS; i++) {
			double since = atomic_load(&callers[i].since);

			if (!since || now() - since < PATIENCE)
				continue;
			printf("  FAIL: %s: '%s' (operation %u, handle %u) has not ended in %.0f s; seed %llu\n",
			       callers[i].who, callers[i].what, callers[i].op, callers[i].handle,
			       PATIENCE, (unsigned long long)options.seed);
			show_file("/proc/fs/fscache/stats");
			show_file("/proc/fs/fscache/caches");
			show_file("/proc/fs/fscache/volumes");
			show_file("/proc/fs/fscache/cookies");
			fflush(stdout);
			write_file("/proc/sysrq-trigger", "w");
			sleep(2);
			_exit(3);
		}
	}
	return NULL;
}

void watchdog_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watchdog, NULL))
		abort();
}

int device_open(void)
{
	int fd = open("/dev/fscache-exerciser", O_RDWR);

	if (fd < 0) {
		perror("/dev/fscache-exerciser");
		exit(2);
	}
	return fd;
}

long call(int fd, struct exer_request *rq)
{
	struct caller *me = caller();
	double began = now();
	uint32_t handle = rq->handle;
	int ret;

	me->op = rq->op;
	me->handle = rq->handle;
	watched("an operation");
	ret = ioctl(fd, EXER_IOCTL, rq);
	if (ret < 0)
		ret = -errno;
	atomic_store(&me->since, 0);
	/* fscache gives up waiting after 20 s; that it had to is a finding as well. */
	if (now() - began > LONG && rq->op != EXER_WAIT_STATE && rq->op < EXER_LOOP)
		bad("operation %u on handle %u took %.1f s", rq->op, handle, now() - began);
	if (ret < 0)
		bad("the exerciser refused operation %u on handle %u: %s", rq->op, rq->handle, strerror(-ret));
	else if (rq->result == -ETIMEDOUT && rq->op != EXER_WAIT_STATE)
		bad("operation %u on handle %u was never completed", rq->op, rq->handle);
	return ret < 0 ? ret : rq->result;
}

/* --- the cache ----------------------------------------------------------- */

static int cache_fd = -1;

bool cache_bound(void) { return cache_fd >= 0; }

bool cache_command(const char *command)
{
	bool taken;

	watched("a command to the cache");
	taken = write(cache_fd, command, strlen(command)) >= 0;
	watched(NULL);
	return taken;
}

void cache_bind(const char *folder)
{
	char line[300];
	const char *commands[] = { line, "tag exerciser", "bind" };

	snprintf(line, sizeof(line), "dir %s", folder);
	cache_fd = open("/dev/cachefiles", O_RDWR);
	if (cache_fd < 0) {
		bad("cannot open /dev/cachefiles: %s", strerror(errno));
		return;
	}
	for (int i = 0; i < 3; i++) {
		if (!cache_command(commands[i])) {
			bad("the cache refused '%s': %s", commands[i], strerror(errno));
			close(cache_fd);
			cache_fd = -1;
			break;
		}
	}
}

void cache_withdraw(void)
{
	if (cache_fd < 0)
		return;
	watched("withdrawing the cache");
	close(cache_fd);
	watched(NULL);
	cache_fd = -1;
}

/* --- counters ------------------------------------------------------------ */

static bool stat_line(long *cookies, long *volumes)
{
	char line[256];
	bool found = false;
	FILE *file = fopen("/proc/fs/fscache/stats", "r");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Cookies: n=%ld v=%ld", cookies, volumes) == 2)
			found = true;
	if (file)
		fclose(file);
	return found;
}

long stat_cookies(void) { long n = -1, v = -1; stat_line(&n, &v); return n; }
long stat_volumes(void) { long n = -1, v = -1; stat_line(&n, &v); return v; }

void counts_return(const char *after, long cookies, long volumes)
{
	double end = now() + 30;

	while ((stat_cookies() != cookies || stat_volumes() != volumes) && now() < end)
		usleep(50000);
	if (stat_cookies() == cookies && stat_volumes() == volumes)
		return;
	bad("after %s: n=%ld v=%ld in /proc/fs/fscache/stats, before: n=%ld v=%ld", after,
	    stat_cookies(), stat_volumes(), cookies, volumes);
	show_file("/proc/fs/fscache/volumes");
	show_file("/proc/fs/fscache/cookies");
}

/* --- requests ------------------------------------------------------------ */

uint32_t volume_acquire(int fd, const char *key, unsigned int flags, long *result)
{
	struct exer_request rq = { .op = EXER_VOLUME_ACQUIRE, .flags = flags };
	long ret;

	rq.key_len = strlen(key);
	memcpy(rq.key, key, rq.key_len);
	strcpy(rq.cache, "exerciser");
	ret = call(fd, &rq);
	if (result)
		*result = ret;
	else if (ret)
		bad("volume '%s' was refused: %s", key, strerror(-ret));
	return rq.handle;
}

long volume_relinquish(int fd, uint32_t handle, unsigned int flags)
{
	struct exer_request rq = { .op = EXER_VOLUME_RELINQUISH, .handle = handle, .flags = flags };

	return call(fd, &rq);
}

uint32_t cookie_acquire(int fd, uint32_t volume, const char *key, uint32_t epoch, uint64_t size,
			unsigned int flags, struct exer_cookie_info *info)
{
	struct exer_request rq = { .op = EXER_COOKIE_ACQUIRE, .flags = flags, .volume = volume,
		.epoch = epoch, .size = size };
	long ret;

	rq.key_len = strlen(key);
	/* Both ways of keeping coherency data: in the cookie, and beside it. */
	rq.aux_len = rq.key_len % 2 ? 8 : 40;
	memcpy(rq.key, key, rq.key_len);
	ret = call(fd, &rq);
	if (ret)
		bad("cookie '%s' cannot be acquired: %s", key, strerror(-ret));
	if (info)
		*info = rq.info;
	else if (!ret && !rq.info.valid)
		bad("no cookie was given for '%s'", key);
	return rq.handle;
}

long simple(int fd, uint32_t op, uint32_t handle, unsigned int flags, uint64_t size,
	    struct exer_cookie_info *info)
{
	struct exer_request rq = { .op = op, .handle = handle, .flags = flags, .size = size };
	long ret = call(fd, &rq);

	if (info)
		*info = rq.info;
	return ret;
}

long wait_state(int fd, uint32_t handle, unsigned int states, unsigned int milliseconds)
{
	struct exer_request rq = { .op = EXER_WAIT_STATE, .handle = handle, .states = states,
		.milliseconds = milliseconds };

	return call(fd, &rq);
}

void drop(int fd, uint32_t handle)
{
	simple(fd, EXER_DROP, handle, 0, 0, NULL);
}

void relinquish_checked(int fd, uint32_t handle, bool retire)
{
	struct exer_cookie_info info;
	double end = now() + 40;
	long ret = simple(fd, EXER_COOKIE_RELINQUISH, handle, retire ? EXER_RETIRE : 0, 0, NULL);

	if (ret)
		bad("relinquish: %s", strerror(-ret));
	/* The references of the worker and of transfers go soon after. */
	do {
		simple(fd, EXER_QUERY, handle, 0, 0, &info);
		if (!info.valid || (info.state == DROPPED && info.ref == 1 && !info.n_active && !info.n_accesses))
			break;
		usleep(1000);
	} while (now() < end);
	if (info.valid && (info.state != DROPPED || info.ref != 1 || info.n_active || info.n_accesses))
		bad("a relinquished cookie (c=%08x) is left with state %u, flags %llx, %u references (one is ours), n_active %d, n_accesses %d",
		    info.debug_id, info.state, (unsigned long long)info.flags, info.ref,
		    info.n_active, info.n_accesses);
	if (info.double_completions)
		bad("%u transfers were completed twice", info.double_completions);
	drop(fd, handle);
}

long put_page(int fd, uint32_t handle, uint32_t who, uint32_t serial, uint64_t page, uint64_t size)
{
	struct exer_request rq = { .op = EXER_WRITE, .handle = handle, .who = who,
		.serial = serial, .start = page * PAGE, .length = PAGE, .size = size };
	long ret = call(fd, &rq);

	return ret ? ret : rq.transferred;
}

uint64_t get_page(int fd, uint32_t handle, uint64_t page, uint64_t size)
{
	struct exer_request rq = { .op = EXER_READ, .handle = handle, .start = page * PAGE,
		.length = PAGE, .size = size };
	long ret = call(fd, &rq);

	if (ret || rq.source != READ_FROM_CACHE || rq.transferred <= 0)
		return 0;
	return rq.tags[0] ? rq.tags[0] : EXER_TAG_MIXED;
}
