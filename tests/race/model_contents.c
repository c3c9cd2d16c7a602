#include "tests/race/model_contents.h"

#include "tests/race/model_asks.h"
#include "tests/race/model_world.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS (MODEL_TENANTS * MODEL_ASKS)

static struct content {
	dp_content_id_t id;
	uint32_t asked_for;
} contents[MODEL_TENANTS][MODEL_ASKS + 1];
/* Given back last at the end. */
static dp_content_id_t spare[NUMBERS];
static unsigned spares;

void model_contents_init(void)
{
	memset(contents, 0, sizeof(contents));
	for (spares = 0; spares < NUMBERS; spares++)
		spare[spares] = NUMBERS - spares;
}

dp_content_id_t model_content_take(struct dp_table *table, uint16_t tenant, uint32_t ask)
{
	struct content *content = &contents[tenant][ask];

	if (!ask)
		return 0;
	if (content->asked_for++)
		return content->id;
	content->id = spare[--spares];
	if (dp_table_content_add(table, tenant, content->id, model_asks[ask].tree, model_asks[ask].pattern, NULL))
		abort();
	return content->id;
}

void model_content_give(struct dp_table *table, uint16_t tenant, uint32_t ask)
{
	struct content *content = &contents[tenant][ask];

	if (!ask || --content->asked_for)
		return;
	if (dp_table_content_del(table, content->id))
		abort();
	spare[spares++] = content->id;
}
