// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to store and to read, for each size of a transfer; in a file
 * whose pages lie far apart as well; and to remove what is stored.
 */
#include "drive.h"
#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>

#define MIB	(1ULL << 20)
#define TURNS	5
#define CULLED	200

static int fd;

/*
 * What one of @n transfers of @length takes, the first at @start and each @step behind the other;
 * at the end of the file they begin again.
 */
static double timed_from(uint64_t start, uint32_t op, uint32_t handle, uint64_t length,
			 uint64_t size, uint32_t n, uint64_t step)
{
	struct exer_request rq = { .op = op, .handle = handle, .start = start, .length = length,
		.size = size, .serial = n, .advice = step };
	long ret = call(fd, &rq);

	if (ret || rq.transferred != n)
		bad("transfer %lld of %u, %llu bytes each, failed: %s", (long long)rq.transferred, n,
		    (unsigned long long)length, strerror(-ret));
	return (double)rq.nanoseconds / n;
}

static double timed(uint32_t op, uint32_t handle, uint64_t length, uint64_t size, uint32_t n,
		    uint64_t step)
{
	return timed_from(0, op, handle, length, size, n, step);
}

static uint32_t open_object(uint32_t volume, const char *key, uint64_t size)
{
	uint32_t c = cookie_acquire(fd, volume, key, 1, size, EXER_KEEP, NULL);

	simple(fd, EXER_USE, c, 0, 0, NULL);
	if (wait_state(fd, c, IN(ACTIVE), 60000))
		bad("%s does not become active", key);
	return c;
}

static void close_object(uint32_t c, uint64_t size, bool retire)
{
	simple(fd, EXER_UNUSE, c, EXER_SET_AUX, size, NULL);
	relinquish_checked(fd, c, retire);
}

/* A file without holes, stored and read. */
static void whole(uint32_t volume)
{
	static const struct { uint64_t length; const char *name; } kinds[] = {
		{ 4096, "4k" }, { 65536, "64k" }, { MIB, "1m" },
	};

	for (unsigned int k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		uint64_t length = kinds[k].length, size = 16 * MIB;
		uint32_t n = size / length > 512 ? 512 : size / length;
		double store[TURNS], again[TURNS], read[TURNS];
		char name[40];

		for (int turn = 0; turn < TURNS; turn++) {
			uint32_t c = open_object(volume, kinds[k].name, size);

			store[turn] = timed(EXER_TIME_WRITE, c, length, size, n, 0);
			again[turn] = timed(EXER_TIME_WRITE, c, length, size, n, 0);
			read[turn] = timed(EXER_TIME_READ, c, length, size, n, 0);
			close_object(c, size, true);
		}
		snprintf(name, sizeof(name), "store-%s", kinds[k].name);
		row(name, 1, 1, 1, median(store, TURNS), "ns");
		snprintf(name, sizeof(name), "store-again-%s", kinds[k].name);
		row(name, 1, 1, 1, median(again, TURNS), "ns");
		snprintf(name, sizeof(name), "read-%s", kinds[k].name);
		row(name, 1, 1, 1, median(read, TURNS), "ns");
	}
}

/* Has ext4 allocate one block behind the other in the order of the writes, in files of any size. */
static void allocate_in_order(void)
{
	glob_t found;
	bool done = false;

	glob("/sys/fs/ext4/*/mb_stream_req", 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *blocks = fopen(found.gl_pathv[i], "w");

		if (blocks && fputs("1000000000", blocks) >= 0 && !fclose(blocks))
			done = true;
	}
	globfree(&found);
	if (!done)
		bad("no ext4 can be told how to allocate");
}

/* A file of which every other page is there, so that each is an extent. */
static void many_extents(uint32_t volume)
{
	uint64_t size = options.extents * 2 * PAGE;
	uint32_t c = open_object(volume, "extents", size);
	double read[TURNS];

	row("store-4k-apart", 1, 1, 1,
	    timed(EXER_TIME_WRITE, c, PAGE, size, options.extents, 2 * PAGE), "ns");
	for (int turn = 0; turn < TURNS; turn++)
		read[turn] = timed(EXER_TIME_READ, c, PAGE, size, options.extents / 20, 40 * PAGE);
	row("read-4k-apart", 1, 1, 1, median(read, TURNS), "ns");
	close_object(c, size, true);
}

/* One without holes, of which every other page lies elsewhere on the disk. */
static void fragmented(uint32_t volume)
{
	uint64_t size = options.extents * PAGE;
	uint32_t c = open_object(volume, "fragments", size), half = options.extents / 2;

	allocate_in_order();
	timed_from(0, EXER_TIME_WRITE, c, PAGE, size, half, 2 * PAGE);
	timed_from(PAGE, EXER_TIME_WRITE, c, PAGE, size, half, 2 * PAGE);
	/* The mean, not a median: what is found out once and remembered is in it. */
	row("read-4k-fragmented", 1, 1, 1,
	    timed(EXER_TIME_READ, c, PAGE, size, 100, options.extents / 20 * PAGE), "ns");
	close_object(c, size, true);
}

/* Culls what lies in @folder and below; answers how much, and how long that took. */
static unsigned int cull_below(const char *folder, double *took)
{
	unsigned int culled = 0;
	struct dirent *entry;
	DIR *dir;

	if (chdir(folder) < 0 || !(dir = opendir(".")))
		return 0;
	while ((entry = readdir(dir))) {
		struct stat st;
		char command[300];
		double began;

		if (entry->d_name[0] == '.' || lstat(entry->d_name, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			culled += cull_below(entry->d_name, took);
			continue;
		}
		snprintf(command, sizeof(command), "cull %s", entry->d_name);
		began = now();
		if (!cache_command(command))
			bad("'%s': %s", command, strerror(errno));
		*took += now() - began;
		culled++;
	}
	closedir(dir);
	if (chdir(".."))
		bad("a folder has gone");
	return culled;
}

static void cull(uint32_t volume)
{
	double took = 0;
	unsigned int culled;
	char folder[300];

	for (int i = 0; i < CULLED; i++) {
		char key[20];
		uint32_t c;

		snprintf(key, sizeof(key), "culled %d", i);
		c = open_object(volume, key, 4 * PAGE);
		put_page(fd, c, 1, 1, 0, 4 * PAGE);
		close_object(c, 4 * PAGE, false);
	}
	snprintf(folder, sizeof(folder), "%s/cache", options.cache);
	culled = cull_below(folder, &took);
	/* Of other sizes, they would cost something else. */
	if (culled != CULLED)
		bad("%u files were culled, wanted %d", culled, CULLED);
	row("cull", culled, 1, 1, took * 1e9 / culled, "ns");
	if (chdir("/"))
		bad("there is no /");
}

void transfers(void)
{
	long cookies = stat_cookies(), volumes = stat_volumes();
	uint32_t volume;

	whoami = "transfers";
	fd = device_open();
	heading();
	volume = volume_acquire(fd, "bench,transfers", 0, NULL);
	/* First, as it culls whatever is in the cache. */
	cull(volume);
	whole(volume);
	many_extents(volume);
	fragmented(volume);
	volume_relinquish(fd, volume, 0);
	drop(fd, volume);
	close(fd);
	counts_return("transfers", cookies, volumes);
	whoami = "main";
}
