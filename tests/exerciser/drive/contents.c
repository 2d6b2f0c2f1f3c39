// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scenarios of what is stored: which of it may be found again, what is told of
 * it, and what must not get there.
 */
#define _GNU_SOURCE
#include "scenarios.h"
#include <fcntl.h>
#include <ftw.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define SIZE (8 * PAGE)

/* In use, and active. */
static uint32_t open_cookie(uint32_t volume, const char *key, uint32_t epoch, uint64_t size)
{
	uint32_t c = cookie_acquire(fd, volume, key, epoch, size, EXER_KEEP, NULL);

	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active");
	return c;
}

static void close_cookie(uint32_t c, uint64_t size, bool retire)
{
	simple(fd, EXER_UNUSE, c, EXER_SET_AUX, size, NULL);
	relinquish_checked(fd, c, retire);
}

/* A copy of a page out of the page cache of a file of @size; answers what came of it. */
static long copy_page_of(uint64_t size, uint32_t c, uint32_t serial, uint64_t page, unsigned int flags)
{
	struct exer_request rq = { .op = EXER_WRITE_TO_CACHE, .handle = c, .flags = flags, .who = 7,
		.serial = serial, .start = page * PAGE, .length = PAGE, .size = size };
	long ret = call(fd, &rq);

	expect(!rq.source, "a page kept its mark after a write to the cache");
	return ret ? ret : rq.transferred;
}

static long copy_page(uint32_t c, uint32_t serial, uint64_t page, unsigned int flags)
{
	return copy_page_of(SIZE, c, serial, page, flags);
}

/* --- without a volume, and with advice ----------------------------------- */

/* A mount without fsc has no volume, and a filesystem goes on with what it gets. */
void without_volume(void)
{
	struct exer_request rq = { .op = EXER_VOLUME_ACQUIRE, .flags = EXER_NULL_VOLUME | EXER_KEEP };
	struct exer_cookie_info info;
	uint32_t v, c;

	expect(call(fd, &rq) == 0, "no volume was made out of nothing");
	v = rq.handle;
	c = cookie_acquire(fd, v, "none", 1, SIZE, EXER_KEEP, &info);
	expect(!info.valid, "a cookie was given without a volume");
	simple(fd, EXER_USE, c, EXER_MODIFY, 0, NULL);
	expect(put_page(fd, c, 7, 1, 0, SIZE) == -ENOBUFS, "one can write without a cookie");
	expect(copy_page(c, 1, 0, 0) == -ENOBUFS, "one can copy pages without a cookie");
	expect(get_page(fd, c, 0, SIZE) == 0, "one can read without a cookie");
	rq = (struct exer_request){ .op = EXER_OCCUPANCY, .handle = c, .length = PAGE };
	expect(call(fd, &rq) == -ENOBUFS, "something is told of no cookie");
	simple(fd, EXER_INVALIDATE, c, 0, SIZE, NULL);
	simple(fd, EXER_RESIZE, c, 0, PAGE, NULL);
	simple(fd, EXER_UPDATE, c, 0, PAGE, NULL);
	simple(fd, EXER_UNUSE, c, EXER_SET_AUX, SIZE, NULL);
	expect(simple(fd, EXER_COOKIE_RELINQUISH, c, EXER_RETIRE, 0, NULL) == 0, "no cookie cannot be relinquished");
	drop(fd, c);
	close_volume(v);
}

/*
 * Advice is noted, and changes nothing: not what is stored, and not where it is
 * found.  What is not to be cached is said anew with each copy of pages.
 */
void advice(void)
{
	uint32_t v = volume_acquire(fd, "scenario,advice", 0, NULL);

	for (uint32_t flags = 0; flags < 8; flags++) {
		struct exer_request rq = { .op = EXER_COOKIE_ACQUIRE, .volume = v, .epoch = 1, .size = SIZE,
			.flags = EXER_KEEP, .advice = flags, .key_len = 8, .aux_len = 8 };
		uint32_t c;

		snprintf((char *)rq.key, sizeof(rq.key), "advice-%u", flags);
		expect(call(fd, &rq) == 0 && rq.info.valid, "no cookie was given");
		expect(rq.info.advice == flags, "the cookie does not have the advice");
		c = rq.handle;
		simple(fd, EXER_USE, c, flags & 1 ? 0 : EXER_MODIFY, 0, NULL);
		expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active");
		expect(put_page(fd, c, 7, 1, 0, SIZE) == (long)PAGE, "a page cannot be written");
		expect(copy_page(c, 2, 1, 0) == (long)PAGE, "a page cannot be copied");
		expect(copy_page(c, 3, 1, EXER_NO_CACHING) == -ENOBUFS &&
		       copy_page(c, 3, 2, EXER_NO_CACHING) == -ENOBUFS, "a page is copied that is not to be cached");
		expect(get_page(fd, c, 0, SIZE) == EXER_TAG(7, 1, 1), "what was written is not read");
		expect(get_page(fd, c, 1, SIZE) == EXER_TAG(7, 1, 2), "what was copied is not read");
		expect(get_page(fd, c, 2, SIZE) == 0, "what is not to be cached was stored");
		close_cookie(c, SIZE, false);

		rq.advice = 7 - flags;
		expect(call(fd, &rq) == 0 && rq.info.valid, "no cookie was given again");
		c = rq.handle;
		simple(fd, EXER_USE, c, 0, 0, NULL);
		expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active again");
		expect(get_page(fd, c, 1, SIZE) == EXER_TAG(7, 1, 2), "with other advice it is not found again");
		/* From a direct write on until nobody has it open, it is not to be cached at all. */
		simple(fd, EXER_INVALIDATE, c, EXER_DIO, SIZE, NULL);
		expect(query(c).flags & FLAG_DISABLED, "a direct write does not disable the cookie");
		expect(copy_page(c, 4, 0, 0) == -ENOBUFS, "a page is copied after a direct write");
		close_cookie(c, SIZE, true);
	}
	close_volume(v);
}

/* --- what is told of an object ------------------------------------------- */

static bool is_present(unsigned int pages, uint64_t page) { return page < 8 && pages >> page & 1; }

/*
 * Asks what the object, of which @pages are present, has of a range.  A range
 * of whole pages has one right answer; of another, whole pages of it that are
 * present may be told, and nothing else.  Answers whether too much was.
 */
static bool ask(uint32_t c, unsigned int pages, uint64_t start, uint64_t length)
{
	struct exer_request rq = { .op = EXER_OCCUPANCY, .handle = c, .start = start, .length = length };
	uint64_t end = start + length, from = start / PAGE, to, told_end;
	long ret = call(fd, &rq), wanted;
	bool beyond = false;

	while (from < end / PAGE && !is_present(pages, from))
		from++;
	for (to = from; to < end / PAGE && is_present(pages, to); )
		to++;
	wanted = to > from ? 0 : -ENODATA;
	told_end = rq.start + rq.transferred;
	if (!ret && told_end > end) {
		beyond = true;
		told_end = end;
	}
	if (start % PAGE || length % PAGE) {
		if (ret == -ENODATA)
			return beyond;
		if (ret || rq.start % PAGE || rq.start < start || rq.start >= end)
			bad("pages %02x, %llu bytes at %llu: answer %ld, %lld", pages,
			    (unsigned long long)length, (unsigned long long)start, ret, (long long)rq.start);
		for (uint64_t p = rq.start / PAGE; !ret && p * PAGE < told_end; p++)
			if (!is_present(pages, p))
				bad("pages %02x, %llu bytes at %llu: page %llu is said to be there", pages,
				    (unsigned long long)length, (unsigned long long)start, (unsigned long long)p);
	} else if (ret != wanted || (!ret && (rq.start != from * PAGE || told_end != to * PAGE))) {
		bad("pages %02x, %llu bytes at %llu: answer %ld, %lld bytes at %lld; wanted %ld, pages %llu to %llu",
		    pages, (unsigned long long)length, (unsigned long long)start, ret,
		    (long long)rq.transferred, (long long)rq.start, wanted,
		    (unsigned long long)from, (unsigned long long)to);
	} else if (ret && ((int64_t)rq.start != -1 || rq.transferred)) {
		bad("pages %02x, %llu bytes at %llu: none are there, but %lld at %lld", pages,
		    (unsigned long long)length, (unsigned long long)start, (long long)rq.transferred,
		    (long long)rq.start);
	}
	return beyond;
}

static unsigned int ask_all(uint32_t c, unsigned int pages)
{
	unsigned int beyond = 0;

	for (uint64_t first = 0; first < 9; first++) {
		for (uint64_t n = 1; first + n < 11; n++)
			beyond += ask(c, pages, first * PAGE, n * PAGE);
		beyond += ask(c, pages, first * PAGE + 100, PAGE);
		beyond += ask(c, pages, first * PAGE + 512, 3 * PAGE);
		beyond += ask(c, pages, first * PAGE, PAGE + 1000);
		beyond += ask(c, pages, first * PAGE, 1000);
	}
	return beyond;
}

void occupancy(void)
{
	static const unsigned int kinds[] = { 0, 0xff, 0x06, 0xe6, 0x81, 0x55 };
	uint32_t v = volume_acquire(fd, "scenario,occupancy", 0, NULL);
	unsigned int beyond = 0;

	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char key[20];
		uint32_t c;

		snprintf(key, sizeof(key), "occupancy-%02x", kinds[i]);
		c = open_cookie(v, key, 1, SIZE);
		for (uint64_t p = 0; p < 8; p++)
			if (is_present(kinds[i], p))
				expect(put_page(fd, c, 7, 1, p, SIZE) == (long)PAGE, "a page cannot be written");
		beyond += ask_all(c, kinds[i]);
		/* What is cut off is not there any more, nor when the file grows again. */
		simple(fd, EXER_RESIZE, c, 0, 2 * PAGE + 1000, NULL);
		beyond += ask_all(c, kinds[i] & 7);
		simple(fd, EXER_RESIZE, c, 0, SIZE, NULL);
		beyond += ask_all(c, kinds[i] & 7);
		simple(fd, EXER_INVALIDATE, c, 0, SIZE, NULL);
		expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active again");
		beyond += ask_all(c, 0);
		close_cookie(c, SIZE, true);
	}
	if (beyond)
		bad_but_in_c_backend("%u times data was told of behind the range that was asked for", beyond);
	close_volume(v);
}

/* --- what was fetched before an invalidation ------------------------------ */

/* Nothing of before the invalidation, read by plan and without one. */
static void never_old(uint32_t c, bool known, const char *when)
{
	struct exer_request rq = { .op = EXER_READ, .handle = c, .flags = EXER_DIRECT, .length = PAGE, .size = SIZE };
	uint64_t planned = get_page(fd, c, 0, SIZE), tag = call(fd, &rq) || rq.transferred <= 0 ? 0 : rq.tags[0];
	void (*say)(const char *format, ...) = known ? bad_but_in_c_backend : bad;

	if (planned && planned != EXER_TAG(7, 2, 2))
		say("%s, old bytes are read: tag %llx", when, (unsigned long long)planned);
	if (tag && tag != EXER_TAG(7, 2, 2))
		say("%s, old bytes are read without asking first: tag %llx", when, (unsigned long long)tag);
}

/* Writes, in an operation that began in the first epoch, what was fetched then. */
static void write_early(uint32_t op)
{
	struct exer_request rq = { .op = EXER_WRITE, .handle = op, .flags = EXER_EARLY, .who = 7,
		.serial = 3, .length = PAGE, .size = SIZE };
	long ret = call(fd, &rq);

	expect(rq.tag_epoch == 1, "the operation did not begin before the invalidation");
	if (ret != -ESTALE && rq.transferred != -ESTALE)
		bad_but_in_c_backend("a write that began before an invalidation is not refused: %ld, %lld",
				     ret, (long long)rq.transferred);
	else if (backend_is_c())
		bad("C refuses an old write: it is not as differences.md says");
}

/*
 * A page is stored after an invalidation; but not by our fscache, as long as an
 * operation of before it is under way, whose reader might store what is old.
 */
static bool put_while_old(uint32_t c, unsigned int serial, uint64_t page)
{
	bool refused = query(c).flags & FLAG_OLD_READS;
	long ret = put_page(fd, c, 7, serial, page, SIZE);

	if (refused)
		expect(ret < 0, "a page is stored while an operation of before the invalidation is under way");
	else
		expect(ret == (long)PAGE, "a page cannot be written after the invalidation");
	return !refused;
}

/* The second half of both: write, end, and look at it now and after it was put away. */
static void early_ends(uint32_t volume, uint32_t c, uint32_t op, const char *key, bool known)
{
	/* Something is there, so that the cache is asked. */
	bool stored = put_while_old(c, 1, 3);

	write_early(op);
	never_old(c, known, "after a write that began before an invalidation");
	simple(fd, EXER_END, op, 0, 0, NULL);
	drop(fd, op);
	if (!stored)
		expect(put_page(fd, c, 7, 1, 3, SIZE) == (long)PAGE, "a page cannot be written after that operation");
	expect(get_page(fd, c, 3, SIZE) == EXER_TAG(7, 2, 1), "what was written after the invalidation is not read");
	close_cookie(c, SIZE, false);
	c = open_cookie(volume, key, 2, SIZE);
	never_old(c, known, "when it is opened again");
	expect(get_page(fd, c, 3, SIZE) == EXER_TAG(7, 2, 1), "what was written after the invalidation is not found again");
	close_cookie(c, SIZE, true);
	close_volume(volume);
}

/* The operation has the file of before; in C what it writes goes nowhere. */
void early_write(void)
{
	uint32_t v = volume_acquire(fd, "scenario,before", 0, NULL), c = open_cookie(v, "before", 1, SIZE);
	struct exer_request rq = { .op = EXER_BEGIN, .handle = c, .flags = EXER_FOR_WRITE };

	expect(put_page(fd, c, 7, 1, 0, SIZE) == (long)PAGE, "a page cannot be written");
	expect(call(fd, &rq) == 0, "an operation does not begin");
	expect(simple(fd, EXER_WAIT_OPERATION, rq.handle, 0, 0, NULL) == 1, "an active cookie is not ready");
	simple(fd, EXER_INVALIDATE, c, 0, SIZE, NULL);
	expect(simple(fd, EXER_WAIT_OPERATION, rq.handle, 0, 0, NULL) == 1, "the operation is lost with an invalidation");
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active again");
	put_while_old(c, 2, 0);
	early_ends(v, c, rq.handle, "before", false);
}

static void freeze(int folder, bool frozen)
{
	if (ioctl(folder, frozen ? FIFREEZE : FITHAW, 0))
		bad("cannot %s %s: %s", frozen ? "freeze" : "thaw", options.cache, strerror(errno));
}

/*
 * The operation begins while the object is made, which takes until the cache's
 * filesystem is thawed: it has no file yet, and gets the one of after the
 * invalidation.  C stores it there.  As that does not heed the freezing (and the
 * kernel says so), it is left to chance there whether the operation is early enough.
 */
void early_write_in_the_making(void)
{
	uint32_t v = volume_acquire(fd, "scenario,making", 0, NULL), c = open_cookie(v, "making", 1, SIZE);
	struct exer_request rq = { .op = EXER_BEGIN, .flags = EXER_FOR_WRITE };
	int folder = open(options.cache, O_RDONLY);
	bool held = !backend_is_c(), begun;

	/* What has to be made for it beside the object itself is there then. */
	close_cookie(c, SIZE, true);
	c = cookie_acquire(fd, v, "making", 1, SIZE, EXER_KEEP, NULL);
	if (held)
		freeze(folder, true);
	simple(fd, EXER_USE, c, 0, 0, NULL);
	expect(!held || wait_state(fd, c, IN(CREATING), 10000) == 0, "no object is being made");
	rq.handle = c;
	begun = (!held || query(c).state == CREATING) && call(fd, &rq) == 0;
	simple(fd, EXER_INVALIDATE, c, 0, SIZE, NULL);
	if (held)
		freeze(folder, false);
	close(folder);
	expect(begun, "an operation does not begin while the object is made");
	expect(wait_state(fd, c, IN(ACTIVE), 30000) == 0, "the cookie does not become active");
	if (!begun) {
		close_cookie(c, SIZE, true);
		close_volume(v);
		return;
	}
	expect(simple(fd, EXER_WAIT_OPERATION, rq.handle, 0, 0, NULL) == 1, "the operation is not ready when the object is");
	early_ends(v, c, rq.handle, "making", true);
}

/* --- what is changed underneath ------------------------------------------- */

static char object_path[PATH_MAX];

static int note_path(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	if (type != FTW_F || strcmp(path + ftw->base, "Dunderneath"))
		return 0;
	snprintf(object_path, sizeof(object_path), "%s", path);
	return 1;
}

/* Are those of the eight pages there, as they were stored, and no others? */
static void expect_pages(uint32_t c, unsigned int pages, const char *when)
{
	for (uint64_t page = 0; page < 8; page++) {
		uint64_t tag = get_page(fd, c, page, SIZE);

		if (tag != (is_present(pages, page) ? EXER_TAG(7, 1, page + 1) : 0))
			bad("page %llu is wrong %s: %#llx", (unsigned long long)page, when,
			    (unsigned long long)tag);
	}
}

/*
 * Parts of an object's file go while it is in use, of which the cache had found
 * that they are there: by the object's size, and by somebody else's doing.
 */
void changed_underneath(void)
{
	uint32_t v = volume_acquire(fd, "scenario,underneath", 0, NULL);
	uint32_t c = open_cookie(v, "underneath", 1, SIZE);
	int file;

	for (uint32_t page = 0; page < 8; page++)
		expect(put_page(fd, c, 7, page + 1, page, SIZE) == (long)PAGE, "a page cannot be written");
	close_cookie(c, SIZE, false);
	c = open_cookie(v, "underneath", 1, SIZE);
	expect_pages(c, 0xff, "when found again");

	*object_path = 0;
	nftw(options.cache, note_path, 8, FTW_PHYS);
	file = open(object_path, O_RDWR);
	if (file < 0) {
		bad("the file '%s' cannot be opened: %s", object_path, strerror(errno));
	} else {
		expect(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2 * PAGE, PAGE) == 0,
		       "no hole can be punched");
		expect_pages(c, 0xfb, "after a hole was punched");
		expect(ftruncate(file, 7 * PAGE) == 0, "the file cannot be cut");
		expect_pages(c, 0x7b, "after the file was cut");
		expect(put_page(fd, c, 7, 3, 2, SIZE) == (long)PAGE, "a page cannot be written again");
		expect_pages(c, 0x7f, "after a page was written again");
		close(file);
	}
	simple(fd, EXER_RESIZE, c, 0, 4 * PAGE, NULL);
	simple(fd, EXER_RESIZE, c, 0, SIZE, NULL);
	expect_pages(c, 0x0f, "after the object was shortened");
	close_cookie(c, SIZE, true);
	close_volume(v);
}

/* --- what is cut off ------------------------------------------------------ */

/*
 * Ceph has the object cut before the page cache.  What is copied out of that
 * in between must not be there when the file grows again.
 */
void copied_while_cut(void)
{
	const uint64_t cut = 5 * PAGE + 1000;
	uint32_t v = volume_acquire(fd, "scenario,cut", 0, NULL);
	uint32_t c = open_cookie(v, "cut", 1, SIZE);

	simple(fd, EXER_USE, c, EXER_MODIFY, 0, NULL);
	for (uint32_t page = 0; page < 8; page++)
		expect(put_page(fd, c, 7, page + 1, page, SIZE) == (long)PAGE, "a page cannot be written");
	simple(fd, EXER_RESIZE, c, 0, cut, NULL);
	expect(copy_page_of(cut, c, 5, 4, 0) == (long)PAGE, "a page in front of the end cannot be copied");
	copy_page_of(cut, c, 6, 5, 0);
	copy_page_of(cut, c, 7, 6, 0);
	simple(fd, EXER_RESIZE, c, 0, SIZE, NULL);
	expect(get_page(fd, c, 4, SIZE) == EXER_TAG(7, 1, 5), "a page in front of the end is lost");
	if (get_page(fd, c, 5, SIZE) || get_page(fd, c, 6, SIZE) || get_page(fd, c, 7, SIZE))
		bad_but_in_c_backend("what was cut off is found again");
	expect(copy_page(c, 9, 5, 0) == (long)PAGE, "a page cannot be copied after the file has grown");
	expect(get_page(fd, c, 5, SIZE) == EXER_TAG(7, 1, 9), "a page is lost after the file has grown");

	/* The new size was told before, with the coherency data. */
	simple(fd, EXER_UPDATE, c, EXER_SET_AUX, 2 * PAGE, NULL);
	simple(fd, EXER_RESIZE, c, 0, 2 * PAGE, NULL);
	simple(fd, EXER_RESIZE, c, 0, SIZE, NULL);
	if (get_page(fd, c, 2, SIZE) || get_page(fd, c, 5, SIZE))
		bad_but_in_c_backend("what was cut off is found again, as its size was told before");
	expect(get_page(fd, c, 1, SIZE) == EXER_TAG(7, 1, 2), "more was cut off than should");
	simple(fd, EXER_UNUSE, c, 0, 0, NULL);
	close_cookie(c, SIZE, true);
	close_volume(v);
}

/* --- volumes that are given up ------------------------------------------- */

/* The volume, of content number @epoch; was the page of its file found?  It is there afterwards. */
static uint32_t volume_with_file(const char *key, uint32_t epoch, bool *found)
{
	struct exer_request rq = { .op = EXER_VOLUME_ACQUIRE, .epoch = epoch, .aux_len = 16,
		.cache = "exerciser" };
	uint32_t c;

	rq.key_len = strlen(key);
	memcpy(rq.key, key, rq.key_len);
	expect(call(fd, &rq) == 0, "the volume is refused");
	c = open_cookie(rq.handle, "file", 1, SIZE);
	*found = get_page(fd, c, 0, SIZE) == EXER_TAG(7, 1, 1);
	expect(*found || put_page(fd, c, 7, 1, 0, SIZE) == (long)PAGE, "a page cannot be written");
	close_cookie(c, SIZE, false);
	return rq.handle;
}

static void give_up(uint32_t volume, unsigned int flags, uint32_t epoch)
{
	struct exer_request rq = { .op = EXER_VOLUME_RELINQUISH, .handle = volume, .flags = flags,
		.epoch = epoch };

	expect(call(fd, &rq) == 0, "the volume cannot be relinquished");
	drop(fd, volume);
}

void volume_invalidated(void)
{
	static const char key[] = "scenario,given up";
	bool found;

	give_up(volume_with_file(key, 1, &found), 0, 0);
	give_up(volume_with_file(key, 1, &found), EXER_RETIRE, 0);
	expect(found, "a volume that was relinquished is not found again");
	give_up(volume_with_file(key, 1, &found), 0, 0);
	if (found)
		bad_but_in_c_backend("a volume that was relinquished with 'invalidate' is found again");
	/* With coherency data too; then it is not for the next either. */
	give_up(volume_with_file(key, 1, &found), EXER_RETIRE | EXER_SET_AUX, 2);
	expect(found, "the volume after it is not found again");
	give_up(volume_with_file(key, 2, &found), EXER_RETIRE, 0);
	expect(!found, "the coherency data of a volume that was given up makes it found");
	/* At once, when there may be nothing in the cache yet. */
	give_up(volume_acquire(fd, key, 0, NULL), EXER_RETIRE, 0);
	give_up(volume_with_file(key, 1, &found), EXER_RETIRE, 0);
	expect(!found, "something is found that was given up twice");
}

/* What a volume is relinquished with is what the next has to be acquired with. */
void volume_coherency(void)
{
	static const char key[] = "scenario,coherent";
	bool found;

	give_up(volume_with_file(key, 1, &found), 0, 0);
	give_up(volume_with_file(key, 1, &found), EXER_SET_AUX, 2);
	expect(found, "the volume is not found by what it was acquired with");
	give_up(volume_with_file(key, 2, &found), 0, 0);
	if (!found)
		bad_but_in_c_backend("the volume is not found by what it was relinquished with");
	give_up(volume_with_file(key, 2, &found), EXER_SET_AUX, 3);
	expect(found, "the volume does not keep its coherency data");
	give_up(volume_with_file(key, 2, &found), 0, 0);
	if (found)
		bad_but_in_c_backend("the volume is found by what it was not relinquished with");
	give_up(volume_with_file(key, 4, &found), EXER_RETIRE, 0);
	expect(!found, "the volume is found by something else");
}
