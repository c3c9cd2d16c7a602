#pragma once

/*
 * What a pattern may consume, as a tree: enough of the syntax to write payloads that keep its
 * automaton busy. Read after Hyperscan has accepted the pattern, and lenient: what is misread
 * here makes a worse sample, nothing else. Ctx of everything: any.
 */

#include <stdint.h>

enum hsc_node_kind {
	HSC_NODE_EMPTY, /* anchors and flags */
	HSC_NODE_SET,	/* one byte of a set */
	HSC_NODE_CAT,
	HSC_NODE_ALT,
	HSC_NODE_REPEAT, /* its one child, min to max times */
};

#define HSC_NODE_NONE UINT32_MAX

struct hsc_node {
	enum hsc_node_kind kind;
	uint32_t first, next; /* child, sibling: index or HSC_NODE_NONE */
	uint32_t count;	      /* children, or members of the set */
	uint32_t min, max;
	uint64_t set[4];
};

struct hsc_tree {
	struct hsc_node *nodes;
	uint32_t count, room, root;
};

/* 0 or -ENOMEM; the caller finishes it either way. @pattern is terminated. */
int hsc_tree_parse(const char *pattern, struct hsc_tree *out);
void hsc_tree_fini(struct hsc_tree *tree);
/* The @n-th byte of a set that has more than @n. */
uint8_t hsc_node_member(const struct hsc_node *node, uint32_t n);
