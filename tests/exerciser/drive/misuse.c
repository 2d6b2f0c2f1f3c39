// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes of a client: what comes of each is compared with what comes of it
 * in C, which is written here.  The console is told to be quiet for the time:
 * most mistakes get a warning with a call trace, and are counted instead.
 */
#include "drive.h"
#include <fcntl.h>
#include <sys/klog.h>

static int fd, log_fd;
static char seen[32768];		/* what the kernel said since the mark */

static void log_mark(void)
{
	lseek(log_fd, 0, SEEK_END);
	seen[0] = 0;
}

/* Count the warnings since the mark, and remember all that was said. */
static int log_warnings(void)
{
	char line[4096], *text, *end;
	ssize_t len;
	int warnings = 0;
	size_t used = 0;

	while ((len = read(log_fd, line, sizeof(line) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		line[len] = 0;
		text = strchr(line, ';');
		text = text ? text + 1 : line;
		end = strchr(text, '\n');
		if (end)
			*end = 0;
		if (strstr(text, "WARNING: "))
			warnings++;
		if (used + strlen(text) + 2 < sizeof(seen))
			used += sprintf(seen + used, "%s\n", text);
	}
	return warnings;
}

static void check(const char *what, int warnings, const char *text, long got, long wanted)
{
	int warned = log_warnings();

	if (got != wanted)
		bad("%s: %ld came of it, in C %ld", what, got, wanted);
	if (warned != warnings)
		bad("%s: %d warnings, in C %d", what, warned, warnings);
	if (text && !strstr(seen, text))
		bad("%s: the kernel did not say '%s', but '%.200s'", what, text, seen);
	log_mark();
}

static struct exer_cookie_info query(uint32_t handle)
{
	struct exer_cookie_info info;

	simple(fd, EXER_QUERY, handle, 0, 0, &info);
	return info;
}

/* What Documentation/differences.md says is otherwise in ours. */
static bool ours(void) { return access("/sys/module/fscache", F_OK) == 0; }

static uint32_t relinquished(uint32_t volume, const char *key, bool cached)
{
	uint32_t c = cookie_acquire(fd, volume, key, 1, PAGE, EXER_KEEP, NULL);

	if (cached) {
		simple(fd, EXER_USE, c, 0, 0, NULL);
		if (wait_state(fd, c, IN(ACTIVE), 30000))
			bad("the cookie does not become active");
		simple(fd, EXER_UNUSE, c, 0, 0, NULL);
	}
	simple(fd, EXER_COOKIE_RELINQUISH, c, 0, 0, NULL);
	if (wait_state(fd, c, IN(DROPPED), 30000))
		bad("the cookie is not dropped");
	for (int i = 0; i < 1000 && query(c).ref > 1; i++)
		usleep(1000);
	log_mark();
	return c;
}

static void on_relinquished(uint32_t v, bool cached)
{
	const char *kind = cached ? "dropped" : "never cached";
	uint32_t c = relinquished(v, cached ? "cached" : "uncached", cached);
	bool warned = cached && !ours();
	const char *operation = warned ? "Can't use cookie in state" : NULL;
	char what[100];

#define MISTAKE(text) (snprintf(what, sizeof(what), "%s (%s)", text, kind), what)
	simple(fd, EXER_COOKIE_RELINQUISH, c, EXER_MISUSE, 0, NULL);
	check(MISTAKE("relinquish again"), 1, "already relinquished", query(c).ref, 1);
	simple(fd, EXER_USE, c, EXER_MISUSE, 0, NULL);
	check(MISTAKE("use after relinquish"), 1, "Trying to use relinquished cookie", query(c).n_active, 0);
	simple(fd, EXER_INVALIDATE, c, EXER_MISUSE, 0, NULL);
	check(MISTAKE("invalidate after relinquish"), 1, "Trying to invalidate relinquished cookie",
	      query(c).inval_counter, 0);
	{
		struct exer_request rq = { .op = EXER_BEGIN, .handle = c, .flags = EXER_MISUSE };

		check(MISTAKE("begin after relinquish"), warned, operation, call(fd, &rq), -ENOBUFS);
	}
	simple(fd, EXER_RESIZE, c, EXER_MISUSE, 77, NULL);
	check(MISTAKE("resize after relinquish"), warned, operation, query(c).object_size, PAGE);
	simple(fd, EXER_UNUSE, c, EXER_MISUSE, 0, NULL);
	check(MISTAKE("unuse after relinquish"), 0, NULL, query(c).n_active, ours() ? 0 : -1);
	for (int i = 0; i < 1000 && query(c).ref > 1; i++)
		usleep(1000);
	check(MISTAKE("accesses in the end"), 0, NULL, query(c).n_accesses, 0);
	check(MISTAKE("references in the end"), 0, NULL, query(c).ref, 1);
	drop(fd, c);
}

static void on_volume(void)
{
	uint32_t v = volume_acquire(fd, "misuse,volume", EXER_KEEP, NULL), c;
	struct exer_request rq = { .op = EXER_COOKIE_ACQUIRE, .volume = v, .size = PAGE,
		.key_len = 4, .aux_len = 8, .key = "late", .flags = EXER_MISUSE };

	volume_relinquish(fd, v, 0);
	log_mark();
	volume_relinquish(fd, v, EXER_MISUSE);
	check("relinquish a volume again", 1, NULL, 0, 0);
	call(fd, &rq);
	c = rq.handle;
	check("a cookie in a relinquished volume", 0, NULL, rq.info.valid, 1);
	simple(fd, EXER_COOKIE_RELINQUISH, c, 0, 0, NULL);
	drop(fd, c);
	drop(fd, v);
}

static void unuse_without_use(uint32_t v, bool cached)
{
	uint32_t c = cookie_acquire(fd, v, "unused", 1, PAGE, EXER_KEEP, NULL);

	if (cached) {
		simple(fd, EXER_USE, c, 0, 0, NULL);
		wait_state(fd, c, IN(ACTIVE), 30000);
		simple(fd, EXER_UNUSE, c, 0, 0, NULL);
	}
	log_mark();
	simple(fd, EXER_UNUSE, c, EXER_MISUSE, 0, NULL);
	check("unuse without use", 0, NULL, query(c).n_active, ours() ? 0 : -1);
	simple(fd, EXER_USE, c, EXER_MISUSE, 0, NULL);
	check("use after that", 0, NULL, query(c).n_active, ours() ? 1 : 0);
	wait_state(fd, c, IN(ACTIVE), 5000);
	/* A cookie that is relinquished in use is a BUG in C. */
	if (query(c).n_active > 0)
		simple(fd, EXER_UNUSE, c, EXER_MISUSE, 0, NULL);
	relinquish_checked(fd, c, false);
}

void misuse(const char *only)
{
	long cookies = stat_cookies(), volumes = stat_volumes();
	int before = atomic_load(&failures);
	uint32_t v;

	(void)only;
	whoami = "misuse";
	fd = device_open();
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	if (log_fd < 0)
		bad("cannot read /dev/kmsg: %s", strerror(errno));
	klogctl(8, NULL, 1);
	v = volume_acquire(fd, "misuse", 0, NULL);
	on_relinquished(v, false);
	on_relinquished(v, true);
	unuse_without_use(v, false);
	unuse_without_use(v, true);
	on_volume();
	volume_relinquish(fd, v, 0);
	drop(fd, v);
	close(fd);
	counts_return("misuse", cookies, volumes);
	klogctl(8, NULL, 7);
	close(log_fd);
	whoami = "main";
	printf("%s misuse\n", atomic_load(&failures) == before ? "pass" : "FAIL");
	fflush(stdout);
}
