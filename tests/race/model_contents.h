#pragma once

/*
 * Contents of the model test's table: one for each tenant and expression as long as somebody asks
 * for it. The number given back last is given again first, so that it means something else at once.
 * Ctx of all: builder.
 */

#include "dataplane/api/table.h"

/* Of an empty table. */
void model_contents_init(void);
/* The content of expression @ask for @tenant, 0 for none; one more asks for it. */
dp_content_id_t model_content_take(struct dp_table *table, uint16_t tenant, uint32_t ask);
/* One less: the last one ends it. */
void model_content_give(struct dp_table *table, uint16_t tenant, uint32_t ask);
