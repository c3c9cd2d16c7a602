#include "tools/rhumb/base64.h"

#include "dataplane/base/compiler.h"

#include <criterion/criterion.h>
#include <string.h>

/* RFC 4648 section 10. */
static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
	{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

Test(base64, encodes_and_decodes_the_vectors_of_the_rfc)
{
	uint8_t bytes[16];
	char text[16];

	for (size_t i = 0; i < RH_ARRAY_LEN(vectors); i++) {
		size_t len = strlen(vectors[i][0]);

		cli_base64_encode((const uint8_t *)vectors[i][0], len, text);
		cr_assert_str_eq(text, vectors[i][1]);
		cr_assert_eq(cli_base64_decode(text, strlen(text), bytes), (long)len);
		cr_assert_eq(memcmp(bytes, vectors[i][0], len), 0);
	}
}

Test(base64, what_is_not_base64_is_refused)
{
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm9v!mFy", "Zg==Zg==", "Zm 9"};
	uint8_t bytes[16];

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++)
		cr_assert_eq(cli_base64_decode(bad[i], strlen(bad[i]), bytes), -1, "%s", bad[i]);
}
