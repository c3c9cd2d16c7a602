/*
 * docs/configuration.md holds the reference made from the model, word for word: `rhumbd
 * --reference` prints it.
 */

#include "controlplane/conf/conf.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static char *page(void)
{
	static char text[1 << 17];
	FILE *f = fopen(SOURCE_ROOT "/docs/configuration.md", "r");

	cr_assert_not_null(f, "docs/configuration.md");
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	return text;
}

Test(reference, the_page_holds_what_the_model_says)
{
	char *made = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&made, &len);

	cr_assert_eq(cp_conf_reference(out), 0);
	(void)fclose(out);
	cr_expect_gt(len, 4000u);
	cr_expect_not_null(
		strstr(page(), made), "docs/configuration.md is behind rhumb.yang: replace its "
				      "reference with the output of rhumbd --reference");
	free(made);
}

Test(reference, every_leaf_says_when_a_change_takes_effect)
{
	char *made = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&made, &len);

	cr_assert_eq(cp_conf_reference(out), 0);
	(void)fclose(out);
	for (char *line = strtok(made, "\n"); line != NULL; line = strtok(NULL, "\n"))
		if (strncmp(line, "| `", 3) == 0)
			cr_expect(strstr(line, "| live |") != NULL ||
					  strstr(line, "| restart |") != NULL,
				"%s", line);
	free(made);
}
