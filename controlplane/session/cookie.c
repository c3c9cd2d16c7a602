#include "controlplane/session/cookie.h"

#include "dataplane/frame/bytes.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#define EPOCH_BYTES  4
#define ADDR_BYTES   19 /* family, address, port */
#define INPUT_BYTES  (EPOCH_BYTES + 2 * ADDR_BYTES + 8)
#define DIGEST_BYTES 32

/* Draw secrets up to the epoch of @now_ns; what is older than the last epoch is gone for good. */
static int secrets_turn(struct cp_cookies *c, uint64_t now_ns)
{
	uint32_t epoch = (uint32_t)(now_ns / CP_COOKIE_EPOCH_NS);

	if (c->started && epoch == c->epoch)
		return 0;
	if (RAND_bytes(c->secret[epoch & 1], DIGEST_BYTES) != 1)
		return -EIO;
	if ((!c->started || epoch != c->epoch + 1) &&
		RAND_bytes(c->secret[(epoch & 1) ^ 1], DIGEST_BYTES) != 1)
		return -EIO;
	c->epoch = epoch;
	c->started = true;
	return 0;
}

static uint8_t *address_put(uint8_t *p, const struct dp_address *a)
{
	/* An IPv4 address is 4 bytes; what stands behind them is nobody's. */
	size_t len = a->family == 4 ? 4 : 16;

	memset(p, 0, ADDR_BYTES);
	p[0] = a->family;
	memcpy(p + 1, a->bytes, len);
	rh_store_be16(p + 17, a->port);
	return p + ADDR_BYTES;
}

static int cookie_at(
	const struct cp_cookies *c, uint32_t epoch, const struct cp_cookie_of *of, uint8_t *out)
{
	uint8_t input[INPUT_BYTES], digest[EVP_MAX_MD_SIZE], *p = input + EPOCH_BYTES;

	rh_store_be32(input, epoch);
	p = address_put(p, of->local);
	p = address_put(p, of->remote);
	rh_store_be64(p, of->incarnation);
	if (!HMAC(EVP_sha256(), c->secret[epoch & 1], DIGEST_BYTES, input, sizeof(input), digest,
		    NULL))
		return -EIO;
	rh_store_be32(out, epoch);
	memcpy(out + EPOCH_BYTES, digest, CP_COOKIE_BYTES - EPOCH_BYTES);
	return 0;
}

int cp_cookie_make(
	struct cp_cookies *c, uint64_t now_ns, const struct cp_cookie_of *of, uint8_t *out)
{
	int ret = secrets_turn(c, now_ns);

	return ret < 0 ? ret : cookie_at(c, c->epoch, of, out);
}

bool cp_cookie_good(struct cp_cookies *c, uint64_t now_ns, const struct cp_cookie_of *of,
	const char *cookie, size_t len)
{
	uint8_t expected[CP_COOKIE_BYTES];
	uint32_t epoch;

	if (len != CP_COOKIE_BYTES || secrets_turn(c, now_ns) < 0)
		return false;
	epoch = rh_load_be32((const uint8_t *)cookie);
	if (c->epoch - epoch > 1 || cookie_at(c, epoch, of, expected) < 0)
		return false;
	return CRYPTO_memcmp(cookie, expected, CP_COOKIE_BYTES) == 0;
}
