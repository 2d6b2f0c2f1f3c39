// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives the exerciser.  Ends with status 0 when all held, 1 when something
 * did not, 3 when something did not end.
 */
#include "drive.h"
#include <getopt.h>
#include <signal.h>

struct options options = { .seed = 1, .seconds = 6, .threads = 6, .cache = "/cache/exerciser",
	.cookies = 100000, .flat = 100, .extents = 20000,
	.objects = OBJECTS_MAX };

static void usage(void)
{
	puts("usage: drive [OPTION]... [PHASE]...\n"
	     "\n"
	     "Phases: scenarios (or scenarios:NAME), allocations, random, misuse, scale, bench,\n"
	     "contention, transfers, stored, found (in another run: what 'stored' has stored).\n"
	     "Default: misuse scenarios allocations random scale.\n"
	     "\n"
	     "  --seed N        of all random sequences\n"
	     "  --seconds N     of the random phase; others take their length from it\n"
	     "  --threads N     a third each owns cookies, shares some, fights for keys\n"
	     "  --cache FOLDER  where the cache is, on a filesystem fit for one\n"
	     "  --scrap FOLDER  a mounted filesystem that is shut down for the I/O error\n"
	     "  --cookies N     how many scale makes at most, a power of ten; default 100000\n"
	     "  --flat N        fail where a cost grows by more than N percent with them;\n"
	     "                  0: never; default 100, as other work of the machine is measured too\n"
	     "  --extents N     of the file with many, in transfers; default 20000\n"
	     "  --objects N     of each of the eight volumes of 'stored', at most 250, the default\n"
	     "  --in-use COMMAND  run by 'stored' when some of its objects are in use for changes;\n"
	     "                  'found' with the same option does not expect those\n"
	     "  --json FILE     what scale, bench and contention measured");
}

static void phase(const char *name)
{
	double began = now();
	int before = atomic_load(&failures);

	if (!strcmp(name, "random")) {
		random_phase(LOAD_QUIET, options.seconds);
		printf("%s random (%.1f s)\n", atomic_load(&failures) == before ? "pass" : "FAIL", now() - began);
	} else if (!strncmp(name, "scenarios", 9)) {
		scenarios(name[9] == ':' ? name + 10 : NULL);
	} else if (!strcmp(name, "misuse")) {
		misuse(NULL);
	} else if (!strcmp(name, "allocations")) {
		allocations();
	} else if (!strcmp(name, "stored") || !strcmp(name, "found")) {
		exchange(*name == 's');
		printf("%s %s (%.1f s)\n", atomic_load(&failures) == before ? "pass" : "FAIL", name, now() - began);
	} else if (!strcmp(name, "bench") || !strcmp(name, "contention") || !strcmp(name, "scale") ||
		   !strcmp(name, "transfers")) {
		(*name == 'b' ? bench : *name == 'c' ? contention : *name == 's' ? scale : transfers)();
		printf("%s %s (%.1f s)\n", atomic_load(&failures) == before ? "pass" : "FAIL", name, now() - began);
	} else {
		usage();
		exit(2);
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "seed", 1, NULL, 's' }, { "seconds", 1, NULL, 't' }, { "threads", 1, NULL, 'n' },
		{ "cache", 1, NULL, 'c' }, { "scrap", 1, NULL, 'x' }, { "json", 1, NULL, 'j' },
		{ "in-use", 1, NULL, 'u' }, { "objects", 1, NULL, 'o' },
		{ "cookies", 1, NULL, 'm' }, { "flat", 1, NULL, 'f' }, { "extents", 1, NULL, 'e' },
		{ "help", 0, NULL, 'h' }, {},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 's': options.seed = strtoull(optarg, NULL, 0); break;
		case 't': options.seconds = atoi(optarg); break;
		case 'n': options.threads = atoi(optarg); break;
		case 'c': options.cache = optarg; break;
		case 'x': options.scrap = optarg; break;
		case 'o': options.objects = strtoul(optarg, NULL, 0); break;
		case 'u': options.in_use = optarg; break;
		case 'j': options.json = optarg; break;
		case 'm': options.cookies = strtoull(optarg, NULL, 0); break;
		case 'e': options.extents = strtoul(optarg, NULL, 0); break;
		case 'f': options.flat = atoi(optarg); break;
		default: usage(); return option == 'h' ? 0 : 2;
		}
	}
	if (options.threads < 1 || options.threads > 64 || options.seconds < 1 ||
	    options.cookies < 1000 || options.cookies > 2000000 || options.flat < 0 ||
	    options.objects < 1 || options.objects > OBJECTS_MAX) {
		usage();
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("seed %llu, %d threads\n", (unsigned long long)options.seed, options.threads);
	watchdog_start();
	cache_bind(options.cache);
	if (optind == argc) {
		phase("misuse");
		phase("scenarios");
		phase("allocations");
		phase("random");
		phase("scale");
	}
	for (int i = optind; i < argc; i++)
		phase(argv[i]);
	cache_withdraw();
	rows_close();
	printf("%d failures, seed %llu\n", atomic_load(&failures), (unsigned long long)options.seed);
	return atomic_load(&failures) ? 1 : 0;
}
