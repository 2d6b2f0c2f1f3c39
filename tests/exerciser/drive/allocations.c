// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation that a call makes fails once: the first in the first call,
 * the second in the next, until a call is through without.  Each time the
 * answer must be a clean one, and the same call must succeed afterwards.
 *
 * The kernel's fault injection does it, for the calling task, when the call
 * trace leads through the module; so only on the debug kernel.
 */
#include "drive.h"
#include <fcntl.h>

#define FAULT "/sys/kernel/debug/failslab/"

static int fd, nth_fd;
static int injected;

static bool put(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);
	bool good = file >= 0 && write(file, text, strlen(text)) > 0;

	if (file >= 0)
		close(file);
	return good;
}

/* From now on, allocations with the module's code in the call trace fail. */
static bool aim_at(const char *module)
{
	unsigned long long first = ~0ULL, last = 0, address;
	char line[512], name[128], type, text[32], wanted[64];
	FILE *file = fopen("/proc/kallsyms", "r");

	snprintf(wanted, sizeof(wanted), "[%s]", module);
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %*s %127s", &address, &type, name) != 3 ||
		    strcmp(name, wanted) || (type | 32) != 't')
			continue;
		first = address < first ? address : first;
		last = address > last ? address : last;
	}
	if (file)
		fclose(file);
	if (!last)
		return false;
	snprintf(text, sizeof(text), "0x%llx", first);
	put(FAULT "require-start", text);
	snprintf(text, sizeof(text), "0x%llx", last);
	return put(FAULT "require-end", text) && put(FAULT "stacktrace-depth", "32") &&
	       put(FAULT "ignore-gfp-wait", "N") && put(FAULT "task-filter", "N") &&
	       put(FAULT "verbose", "0") && put(FAULT "times", "-1");
}

static void fail_allocation(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	if (pwrite(nth_fd, text, strlen(text), 0) < 0)
		bad("cannot make an allocation fail: %s", strerror(errno));
}

/* Did one fail since?  From here on, none does. */
static bool has_failed(void)
{
	char text[16] = "";
	bool yes = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	fail_allocation(0);
	injected += yes;
	return yes;
}

static uint32_t volume, cookie;

static bool try_volume(bool must)
{
	long result;
	uint32_t v = volume_acquire(fd, "allocations,volume", 0, &result);

	if (result && must)
		bad("a volume is refused with memory: %s", strerror(-result));
	if (result && result != -ENOMEM)
		bad("a volume without memory: %s", strerror(-result));
	if (!result)
		volume_relinquish(fd, v, 0);
	/* A volume that was refused may have no handle. */
	if (v)
		drop(fd, v);
	return !result;
}

static bool try_cookie(bool must)
{
	struct exer_cookie_info info = {};
	/* Key and coherency data both too long for the cookie itself. */
	uint32_t c = cookie_acquire(fd, volume, "a key that has to be allocated, as has its data", 1,
				    PAGE, 0, &info);

	if (!info.valid && must)
		bad("no cookie with memory");
	if (info.valid)
		simple(fd, EXER_COOKIE_RELINQUISH, c, 0, 0, NULL);
	if (c)
		drop(fd, c);
	return info.valid;
}

static bool try_read(bool must)
{
	uint64_t tag = get_page(fd, cookie, 0, 4 * PAGE);

	if (!tag && must)
		bad("what was written cannot be read with memory");
	if (tag && (EXER_TAG_WHO(tag) != 7 || tag == EXER_TAG_MIXED))
		bad("wrong content: %llx", (unsigned long long)tag);
	return tag;
}

static bool try_copy(bool must)
{
	struct exer_request rq = { .op = EXER_WRITE_TO_CACHE, .handle = cookie, .who = 7, .serial = 1,
		.start = PAGE, .length = PAGE, .size = 4 * PAGE };
	long result = call(fd, &rq);

	if ((result || rq.transferred <= 0) && must)
		bad("pages cannot be copied with memory: %ld, %lld", result, (long long)rq.transferred);
	return !result && rq.transferred > 0;
}

static bool try_resize(bool must)
{
	(void)must;
	simple(fd, EXER_RESIZE, cookie, 0, 4 * PAGE, NULL);
	return true;
}

static void each(const char *module, const char *what, bool (*attempt)(bool))
{
	int n, before = injected;

	if (!aim_at(module)) {
		bad("cannot make allocations of %s fail", module);
		return;
	}
	for (n = 1; n < 200; n++) {
		fail_allocation(n);
		attempt(false);
		if (!has_failed())
			break;
		attempt(true);
	}
	if (n == 200)
		bad("%s: there is no end of allocations", what);
	note("%s, allocations of %s: %d failed, one at a time", what, module, injected - before);
}

void allocations(void)
{
	long cookies = stat_cookies(), volumes = stat_volumes();
	bool ours = access("/sys/module/fscache", F_OK) == 0;
	int before = atomic_load(&failures);
	const char *modules[] = { ours ? "fscache" : "netfs", "cachefiles" };

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth_fd < 0 || access(FAULT "require-start", W_OK)) {
		printf("skip allocations: this kernel cannot make them fail\n");
		return;
	}
	whoami = "allocations";
	injected = 0;
	fd = device_open();
	volume = volume_acquire(fd, "allocations", 0, NULL);
	cookie = cookie_acquire(fd, volume, "kept", 1, 4 * PAGE, EXER_KEEP, NULL);
	simple(fd, EXER_USE, cookie, 0, 0, NULL);
	if (wait_state(fd, cookie, IN(ACTIVE), 60000))
		bad("the cookie does not become active");
	if (put_page(fd, cookie, 7, 1, 0, 4 * PAGE) != (long)PAGE)
		bad("a page cannot be written");
	each(modules[0], "acquire a volume", try_volume);
	each(modules[0], "acquire a cookie", try_cookie);
	for (int i = 0; i < 2; i++) {
		each(modules[i], "read", try_read);
		each(modules[i], "copy pages to the cache", try_copy);
		each(modules[i], "resize", try_resize);
	}
	if (injected < 5)
		bad("only %d allocations failed: nothing was tested", injected);
	simple(fd, EXER_UNUSE, cookie, 0, 0, NULL);
	relinquish_checked(fd, cookie, true);
	volume_relinquish(fd, volume, 0);
	drop(fd, volume);
	close(fd);
	close(nth_fd);
	counts_return("allocations", cookies, volumes);
	whoami = "main";
	printf("%s allocations\n", atomic_load(&failures) == before ? "pass" : "FAIL");
}
