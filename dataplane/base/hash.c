#include "dataplane/base/hash.h"

#include "dataplane/base/clock.h"

#include <sys/random.h>
#include <unistd.h>

uint64_t rh_random_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) == (ssize_t)sizeof(seed))
		return seed;
	seed = rh_clock_ns() ^ ((uint64_t)getpid() << 32);
	return rh_hash(&seed, sizeof(seed), 0);
}
